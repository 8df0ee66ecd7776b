import * as format from '../format';
import { hasWindow, siteFilters, useFilters } from '../filters';
import { Function, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { sitesRequest, useSites } from '../parts/sites';
import { functionColumn, GroupChoice, shareColumn, SiteTable, useGroup } from '../parts/site_table';
import { columnOf } from '../parts/table';
import { kNoStack, type SiteRow } from '../rows';

export const id = 'peak';
export const title = 'Peak';
export const group = 'Where';
export const order = 2;
export const letter = 'e';
export const filters = siteFilters;
export const staticRequests = () => [sitesRequest('peak'), sitesRequest('peak', { group: 'function' })];

export function component() {
  const { answer, more } = useSites('peak', { group: useGroup() });
  const timed = hasWindow(useFilters(filters));
  return <>
    <Lead>{timed ? 'Who held the memory at the highest moment of that time, which need not be the peak of the run.'
      : 'Who held the memory at the exact high-water mark of the run.'}</Lead>
    <div class="controls"><GroupChoice /><Search /></div>
    <Shown answer={answer}>{(rows) => <>
      {rows[0] && rows[0].function !== kNoStack && <Verdict>Most was held by <Function text={rows[0].function} />: {format.bytes(rows[0].peak_bytes)},{' '}
        {format.share(rows[0].share)} of {timed ? 'that moment' : 'the peak'}. To need less memory at once, begin there.</Verdict>}
      <SiteTable rows={rows} more={more} sorted="peak" timed={timed} caption={timed ? 'Places by what they held at the highest moment of that time' : 'Places by what they held at the peak'} empty="Nothing was held."
        columns={[
          columnOf.bytes<SiteRow>('peak', 'At the peak', (row) => row.peak_bytes),
          shareColumn<SiteRow>(), functionColumn,
          ...(rows.some((row) => row.peak_blocks !== undefined) ? [columnOf.count<SiteRow>('blocks', 'Blocks', (row) => row.peak_blocks)] : []),
          columnOf.bytes<SiteRow>('live', timed ? 'Alive then' : 'Alive at end', (row) => row.live_bytes),
        ]} />
    </>}</Shown>
  </>;
}
