import { request, useAnswer } from '../answers';
import * as format from '../format';
import { Figures, Lead, Shown, SiteCell, StackList, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { useLimit, kRows } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import type { Frame } from '../rows';

export const id = 'sizes';
export const title = 'Sizes';
export const group = 'Where';
export const order = 4;
export const letter = 's';
export const staticRequests = () => [request('sizes', { limit: kRows })];

interface Class { readonly lower: number; readonly upper: number; readonly allocations: number; readonly share: number }
interface Site { readonly site: number; readonly slack_bytes: number; readonly slack_share: number; readonly allocations: number; readonly mean_size: number;
  readonly function: string; readonly file: string; readonly line: number; readonly stack: readonly Frame[] }
interface Sizes {
  readonly allocations: number; readonly requested_bytes: number; readonly usable_bytes: number | null; readonly slack_bytes: number | null;
  readonly slack_share: number | null; readonly mean_size: number; readonly histogram: readonly Class[]; readonly top: readonly Class[]; readonly sites: readonly Site[];
}

function range(row: Class): string {
  return row.lower === row.upper ? format.bytes(row.lower) : `${format.bytes(row.lower)} to ${format.bytes(row.upper)}`;
}

function Classes({ rows, caption, id: prefix }: { rows: readonly Class[]; caption: string; id: string }) {
  const most = Math.max(...rows.map((row) => row.share), 1e-9);
  return <Table caption={caption} rows={rows} id={prefix} keyOf={(row) => `${row.lower}`} search={false} empty="Nothing was allocated."
    columns={[
      { key: 'lower', title: 'Size', wide: true, value: (row) => row.lower, show: (row) => <span class="range">{range(row)}</span> },
      columnOf.count<Class>('allocations', 'Allocations', (row) => row.allocations),
      { key: 'share', title: 'Share', roomy: true, value: (row) => row.share, show: (row) => <span class="share-line">
        <span>{format.share(row.share)}</span><span class="bar long" aria-hidden="true"><span class="bar-fill" style={{ width: `${(row.share / most) * 100}%` }} /></span></span> },
    ]} />;
}

export function component() {
  const { limit, more } = useLimit();
  const answer = useAnswer<Sizes>(request('sizes', { limit }));
  return <>
    <Lead>What sizes the program asks for, and what rounding them up costs.</Lead>
    <Shown answer={answer}>{(sizes) => <>
      <Figures figures={[
        { title: 'Allocations', value: format.count(sizes.allocations), more: `mean size ${format.bytes(sizes.mean_size)}` },
        { title: 'Requested', value: format.bytes(sizes.requested_bytes) },
        ...(sizes.usable_bytes !== null ? [{ title: 'Handed out', value: format.bytes(sizes.usable_bytes) }] : []),
        ...(sizes.slack_bytes !== null && sizes.slack_share !== null ? [{ title: 'Lost to rounding', value: format.bytes(sizes.slack_bytes), more: format.share(sizes.slack_share) }] : []),
      ]} />
      {sizes.slack_share !== null && sizes.allocations > 0 && <Verdict>{sizes.slack_share < 0.2 ? 'Rounding costs little: nothing to do.'
        : 'Rounding costs much: ask for sizes that the allocator hands out, or put small blocks together, beginning with the first site below.'}</Verdict>}
      <section><h2>Requested sizes</h2><Classes rows={sizes.histogram} caption="Of the whole run" id="h" /></section>
      <section><h2>Most frequent sizes</h2><Classes rows={sizes.top} caption="Exact up to 256 B, then eight classes for each doubling" id="f" /></section>
      <section><h2>Sites that lose most to rounding</h2>
        <div class="controls"><Search /></div>
        <Table caption="By lost bytes" rows={sizes.sites} more={more(sizes.sites.length)} keyOf={(row) => String(row.site)} empty="What is lost to rounding is not known, or nothing."
          detail={(row) => <StackList stack={row.stack} />}
          columns={[
            columnOf.bytes<Site>('slack', 'Lost', (row) => row.slack_bytes),
            columnOf.share<Site>('share', 'Of its bytes', (row) => row.slack_share),
            { key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <SiteCell row={{ ...row, module: '' }} /> },
            columnOf.count<Site>('allocations', 'Allocations', (row) => row.allocations),
            columnOf.bytes<Site>('mean', 'Mean size', (row) => row.mean_size),
          ]} /></section>
    </>}</Shown>
  </>;
}
