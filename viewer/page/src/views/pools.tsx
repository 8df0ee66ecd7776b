import { request, useAnswer } from '../answers';
import * as format from '../format';
import { Figures, Lead, Shown, Verdict } from '../parts/basics';
import { columnOf, Table } from '../parts/table';

export const id = 'pools';
export const title = 'Pools';
export const group = 'The recording';
export const order = 2;
export const letter = 'k';
export const remedy = 'run --allocator pool';
export const staticRequests = () => [request('pools')];

interface Class { readonly block_bytes: number; readonly allocations: number; readonly list_hit_share: number; readonly reused_share: number; readonly peak_blocks: number;
  readonly received: number; readonly slack_bytes: number; readonly slabs: number }
interface Pools {
  readonly used: boolean; readonly verdict: string; readonly allocations: number; readonly list_hit_share: number; readonly reused_share: number; readonly internal_fragmentation_share: number;
  readonly metadata_bytes: number; readonly metadata_share: number; readonly held_bytes: number; readonly peak_held_bytes: number; readonly returned_bytes: number;
  readonly requested_bytes: number; readonly served_bytes: number; readonly mean_ns: number | null; readonly p50_below_ns: number | null; readonly p99_below_ns: number | null; readonly classes: readonly Class[];
}

export function component() {
  const answer = useAnswer<Pools>(request('pools'));
  return <>
    <Lead>How heapscribe's own allocator served the program. What it would bring to be faster shows when this run and one without it are timed.</Lead>
    <Shown answer={answer}>{(pool) => !pool.used
      ? <Verdict>This program ran on the allocator it always uses. To see how the pool would serve it: <code>heapscribe run --allocator pool -- PROGRAM ARGUMENTS</code></Verdict>
      : <>
        <Figures figures={[
          { title: 'Allocations', value: format.count(pool.allocations) },
          { title: "From own list", value: format.share(pool.list_hit_share) },
          { title: 'Used before', value: format.share(pool.reused_share) },
          { title: 'Lost to rounding', value: format.share(pool.internal_fragmentation_share), more: format.bytes(pool.served_bytes - pool.requested_bytes) },
          { title: 'Most held', value: format.bytes(pool.peak_held_bytes), more: `${format.bytes(pool.held_bytes)} at the end` },
          { title: 'Own tables', value: format.bytes(pool.metadata_bytes), more: format.share(pool.metadata_share) },
          ...(pool.mean_ns !== null && pool.mean_ns !== undefined ? [{ title: 'Allocating took', value: format.callTime(pool.mean_ns),
            more: pool.p99_below_ns !== null ? `99 % below ${format.callTime(pool.p99_below_ns)}` : undefined }] : []),
        ]} />
        <Verdict>{format.shorten(pool.verdict, 800)}</Verdict>
        <Table caption="By class of size" rows={pool.classes} keyOf={(row) => String(row.block_bytes)} empty="Nothing was served." page={50}
          columns={[
            { key: 'block', title: 'Size', wide: true, value: (row) => row.block_bytes, show: (row) => row.block_bytes ? format.bytes(row.block_bytes) : 'huge' },
            columnOf.count<Class>('allocations', 'Allocations', (row) => row.allocations),
            columnOf.share<Class>('hit', 'From list', (row) => row.list_hit_share),
            columnOf.share<Class>('reused', 'Reused', (row) => row.reused_share),
            columnOf.count<Class>('peak', 'Most at once', (row) => row.peak_blocks),
            columnOf.count<Class>('received', 'Taken over', (row) => row.received),
            columnOf.bytes<Class>('slack', 'Rounding', (row) => row.slack_bytes),
          ]} />
      </>}</Shown>
  </>;
}
