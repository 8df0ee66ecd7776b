import * as format from '../format';
import { siteFilters } from '../filters';
import { Function, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { sitesRequest, useSites } from '../parts/sites';
import { functionColumn, shareColumn, SiteTable } from '../parts/site_table';
import { columnOf } from '../parts/table';
import type { SiteRow } from '../rows';

export const id = 'peak';
export const title = 'Peak';
export const group = 'Where';
export const order = 2;
export const letter = 'e';
export const filters = siteFilters;
export const staticRequests = () => [sitesRequest('peak')];

export function component() {
  const { answer, more } = useSites('peak');
  return <>
    <Lead>Who held the memory at the exact high-water mark of the run.</Lead>
    <div class="controls"><Search /></div>
    <Shown answer={answer}>{(rows) => <>
      {rows[0] && <Verdict>Most was held by <Function text={rows[0].function} />: {format.bytes(rows[0].peak_bytes)},{' '}
        {format.share(rows[0].share)} of the peak. To need less memory at once, begin there.</Verdict>}
      <SiteTable rows={rows} more={more} sorted="peak" caption="Places by what they held at the peak" empty="Nothing was held."
        columns={[
          columnOf.bytes<SiteRow>('peak', 'At the peak', (row) => row.peak_bytes),
          shareColumn<SiteRow>(), functionColumn,
          columnOf.count<SiteRow>('blocks', 'Blocks', (row) => row.peak_blocks),
          columnOf.bytes<SiteRow>('live', 'Alive at end', (row) => row.live_bytes),
        ]} />
    </>}</Shown>
  </>;
}
