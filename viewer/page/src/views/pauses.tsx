import uPlot from 'uplot';
import { useMemo } from 'preact/hooks';
import { request, useAnswer } from '../answers';
import * as format from '../format';
import { Bar, FunctionCell, Lead, Shown, StackList, Verdict } from '../parts/basics';
import { Chart } from '../parts/chart';
import { kRows, useLimit } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import type { Blamed, Frame } from '../rows';
import { colour } from '../theme';

export const id = 'pauses';
export const title = 'Pauses';
export const group = 'Over time';
export const order = 2;
export const letter = 'p';
export const remedy = 'run --pauses 100us';
export const staticRequests = () => [request('pauses', { limit: kRows })];

interface Percentiles { readonly p50: number | null; readonly p90: number | null; readonly p95: number | null; readonly p99: number | null; readonly max: number | null }
interface Kind { readonly kind: string; readonly events: number; readonly seen: number; readonly share: number; readonly per_second: number }
interface Mmu { readonly window_ns: number; readonly process: number; readonly thread: number }
interface Latency { readonly call: string; readonly calls: number; readonly mean_ns: number; readonly p50_ns: number; readonly p99_ns: number; readonly p999_ns: number; readonly longest_timed_ns: number }
interface Pause extends Blamed {
  readonly thread: number; readonly bytes_reclaimed: number; readonly blocks_reclaimed: number; readonly kind: string; readonly cause: string;
  readonly start_ns: number; readonly duration_ns: number; readonly interrupted_ns: number; readonly size: number; readonly stack: readonly Frame[];
}
interface Pauses {
  readonly recorded: boolean; readonly duration_ns: number; readonly threshold_ns: number; readonly verdict: string;
  readonly percentiles_ns: Readonly<Record<string, Percentiles>>;
  readonly kinds: readonly Kind[];
  readonly generations: readonly { readonly generation: string; readonly from_ns: number; readonly to_ns: number | null; readonly least_share: number; readonly most_share: number }[];
  readonly mmu: readonly Mmu[]; readonly latency: readonly Latency[]; readonly events: readonly Pause[];
}

const names: Record<string, string> = { stall: 'Stalls', release_storm: 'Storms', profiler: 'heapscribe', all: 'All' };
const lanes = [['stall', 'stall'], ['release_storm', 'storm'], ['profiler', 'own']] as const;

function sentence(verdict: string): string {
  const text = verdict.replace(/^Verdict: /, '');
  return text.startsWith('heapscribe') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** The program was not held up by what it asked of the allocator. */
function ownOnly(report: Pauses): boolean {
  return report.kinds.every((row) => row.events === 0 || row.kind === 'profiler' || row.kind === 'all') && report.kinds.some((row) => row.events > 0);
}

function Lanes({ report }: { report: Pauses }) {
  const wide = 1000;
  const scale = wide / Math.max(1, report.duration_ns);
  return <div class="panel lanes" role="img" aria-label="When the pauses were; the table of the longest has the same">
    {lanes.map(([kind, look]) => [
      <span key={`${kind} name`} class="muted">{names[kind]}</span>,
      <svg key={kind} class={look} viewBox={`0 0 ${wide} 22`} preserveAspectRatio="none" aria-hidden="true">
        {report.events.filter((event) => event.kind === kind).map((event, i) =>
          <rect key={i} x={event.start_ns * scale} y="3" height="16" width={Math.max(1.5, event.duration_ns * scale)} />)}
      </svg>,
    ])}
    <span class="axis"><span>0 s</span><span>{format.duration(report.duration_ns)}</span></span>
  </div>;
}

function MmuCurve({ mmu }: { mmu: readonly Mmu[] }) {
  const data = useMemo<uPlot.AlignedData>(() => [mmu.map((row) => row.window_ns / 1e6), mmu.map((row) => row.process),
    mmu.map((row) => row.thread)], [mmu]);
  const axis = () => ({ stroke: colour('text-muted'), font: '12px system-ui, sans-serif', grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } });
  const options = (width: number): uPlot.Options => ({
    width, height: 220, legend: { show: false }, padding: [12, 30, 0, 4], cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { time: false, distr: 3 }, y: { range: [0, 1.02] } },
    axes: [{ ...axis(), size: 32, splits: () => mmu.map((row) => row.window_ns / 1e6), values: (_, ticks) => ticks.map((tick) => `${tick} ms`), filter: (_, ticks) => ticks },
      { ...axis(), size: 56, splits: () => [0, 0.25, 0.5, 0.75, 1], values: (_, ticks) => ticks.map((tick) => `${tick * 100} %`) }],
    series: [{}, { stroke: colour('accent'), width: 2, fill: colour('accent-soft'), points: { show: true, size: 6, fill: colour('accent') } },
      { stroke: colour('second'), width: 1.5, dash: [5, 3], points: { show: false } }],
  });
  return <figure class="timeline"><figcaption><span class="key live">Process</span><span class="key resident">Worst thread</span></figcaption>
    <Chart options={options} data={data} height={220} label={`Least share left to the program: ${mmu.map((row) =>
      `${format.share(row.process)} of ${row.window_ns / 1e6} ms`).join(', ')}`} /></figure>;
}

export function component() {
  const { limit, more } = useLimit();
  const answer = useAnswer<Pauses>(request('pauses', { limit }));
  const time = (value: number | null | undefined) => value == null ? '–' : format.duration(value);
  return <>
    <Lead>What held the program up: allocator calls that take long, threads that do nothing but release, and heapscribe itself.</Lead>
    <Shown answer={answer}>{(report) => !report.recorded
      ? <Verdict>Time was not read in this recording (<code>--pauses off</code>, or a mode without it). Record with <code>--pauses 100us</code> to see what held it up.</Verdict>
      : <>
        {ownOnly(report) ? <Verdict tone="good">Nothing in the allocator held the program up for {format.duration(report.threshold_ns)} or longer. What is listed is heapscribe’s own work, which is not there without it.</Verdict>
          : <Verdict>{format.shorten(sentence(report.verdict), 800)}</Verdict>}
        {report.events.length > 0 && <Lanes report={report} />}
        <Table caption={`A pause is what lasts ${format.duration(report.threshold_ns)} or longer`} id="k" search={false} rows={report.kinds} keyOf={(row) => row.kind} empty="No pauses."
          columns={[
            { key: 'kind', title: 'What', wide: true, value: (row) => row.kind, show: (row) => names[row.kind] ?? row.kind },
            { key: 'events', title: 'Events', numeric: true, value: (row) => row.events, show: (row) => row.seen < row.events ? <>about {format.count(row.events)} <small>({format.count(row.seen)} seen; the rest is extrapolated)</small></>
                : format.count(row.events) },
            columnOf.share<Kind>('share', 'Of run', (row) => row.share),
            ...(['p50', 'p90', 'p95', 'p99', 'max'] as const).map((key) => ({ key, title: key === 'max' ? 'Longest' : key, numeric: true,
              value: (row: Kind) => report.percentiles_ns[row.kind]?.[key], show: (row: Kind) => time(report.percentiles_ns[row.kind]?.[key]) })),
          ]} />
        {report.mmu.length > 1 && <section><h2>What was left to the program</h2>
          <p class="muted">Minimum mutator utilization (MMU): of any stretch of the run of this length, at least this share was the program's own; the rest went into pauses.</p>
          <MmuCurve mmu={report.mmu} /></section>}
        <section><h2>Longest pauses</h2>
          <Table caption="Longest first" rows={report.events} more={more(report.events.length)} keyOf={(row) => `${row.thread}.${row.start_ns}`} empty="Nothing held the program up."
            sorted="duration" detail={(row) => <div class="site-detail">
              {row.interrupted_ns > 0 && <p class="muted">{format.duration(row.interrupted_ns)} of it in gaps without releases: the thread waited or did not run.</p>}
              <StackList stack={row.stack} /></div>}
            columns={[
              { key: 'start', title: 'At', numeric: true, value: (row) => row.start_ns, show: (row) => format.duration(row.start_ns) },
              { key: 'duration', title: 'Took', numeric: true, value: (row) => row.duration_ns, show: (row) => format.duration(row.duration_ns) },
              { key: 'kind', title: 'What', value: (row) => row.kind, show: (row) => row.kind === 'release_storm' ? 'storm' : (row.cause || row.kind).replaceAll('_', ' ') },
              { key: 'function', title: 'In', wide: true, value: (row) => row.function, show: (row) => row.function ? <FunctionCell row={row} /> : <span class="muted">heapscribe</span> },
              columnOf.count<Pause>('thread', 'Thread', (row) => row.thread),
              columnOf.bytes<Pause>('bytes', 'Released', (row) => row.bytes_reclaimed),
              columnOf.count<Pause>('blocks', 'Blocks', (row) => row.blocks_reclaimed),
            ]} /></section>
        {report.latency.length > 0 && <section><h2>Time of a call</h2>
          <Table caption="In the allocator, without heapscribe's part" id="c" search={false} rows={report.latency} keyOf={(row) => row.call} empty=""
            columns={[
              { key: 'call', title: 'Call', wide: true, value: (row) => row.call, show: (row) => <code>{row.call}</code> },
              columnOf.count<Latency>('calls', 'Calls', (row) => row.calls),
              { key: 'mean', title: 'Mean', numeric: true, value: (row) => row.mean_ns, show: (row) => format.callTime(row.mean_ns) },
              { key: 'p50', title: 'p50', numeric: true, value: (row) => row.p50_ns, show: (row) => `<${format.callTime(row.p50_ns)}` },
              { key: 'p99', title: 'p99', numeric: true, value: (row) => row.p99_ns, show: (row) => `<${format.callTime(row.p99_ns)}` },
              { key: 'p999', title: 'p99.9', numeric: true, value: (row) => row.p999_ns, show: (row) => `<${format.callTime(row.p999_ns)}` },
              { key: 'max', title: 'Longest', numeric: true, value: (row) => row.longest_timed_ns, show: (row) => format.callTime(row.longest_timed_ns) },
            ]} /></section>}
        {report.generations.length > 0 && <section><h2>Age of what storms released</h2>
          <Table caption="Of the bytes that storms released, by how long their blocks had lived; ages are known within bounds" id="a" search={false} rows={report.generations} keyOf={(row) => row.generation} empty=""
            columns={[
              { key: 'generation', title: 'Age', wide: true, value: (row) => row.from_ns,
                show: (row) => row.to_ns ? `${row.generation}: up to ${format.duration(row.to_ns)}` : `${row.generation}: older than ${format.duration(row.from_ns)}` },
              { key: 'least', title: 'At least', numeric: true, value: (row) => row.least_share, show: (row) => <span class="share"><Bar share={row.least_share} /><span>{format.share(row.least_share)}</span></span> },
              { key: 'most', title: 'At most', numeric: true, value: (row) => row.most_share, show: (row) => format.share(row.most_share) },
            ]} /></section>}
      </>}</Shown>
  </>;
}
