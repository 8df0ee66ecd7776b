import * as format from '../format';
import { untimedFilters } from '../filters';
import { Function, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { sitesRequest, useSites } from '../parts/sites';
import { functionColumn, GroupChoice, shareColumn, SiteTable, useGroup } from '../parts/site_table';
import { columnOf } from '../parts/table';
import { kNoStack, type SiteRow } from '../rows';

export const id = 'temporary';
export const title = 'Temporary';
export const group = 'What to mend';
export const order = 2;
export const letter = 'y';
/** Which blocks were temporary is not recorded over time. */
export const filters = untimedFilters;
export const staticRequests = () => [sitesRequest('temporary'), sitesRequest('temporary', { group: 'function' })];

export function component() {
  const { answer, more } = useSites('temporary', { group: useGroup() }, filters);
  return <>
    <Lead>Blocks that their thread freed before it allocated again. Such a block could have been on the stack, or be kept for the next call.</Lead>
    <div class="controls"><GroupChoice /><Search /></div>
    <Shown answer={answer}>{(rows) => <>
      {rows[0] && rows[0].function !== kNoStack && <Verdict>Begin with <Function text={rows[0].function} />: {format.count(rows[0].temporary)} of its{' '}
        {format.plural(rows[0].allocations, 'allocation')} were freed at once. Keep one buffer for all of them.</Verdict>}
      <SiteTable rows={rows} more={more} sorted="temporary" caption="Places by temporary allocations"
        empty="No block was freed at once: there is nothing to mend here."
        columns={[
          columnOf.count<SiteRow>('temporary', 'Temporary', (row) => row.temporary),
          shareColumn<SiteRow>(), functionColumn,
          columnOf.share<SiteRow>('of', 'Of its calls', (row) => row.temporary_share),
          columnOf.bytes<SiteRow>('bytes', 'Bytes', (row) => row.bytes),
          columnOf.bytes<SiteRow>('mean', 'Mean size', (row) => row.mean_size),
        ]} />
    </>}</Shown>
  </>;
}
