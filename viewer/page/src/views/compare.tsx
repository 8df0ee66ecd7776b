import { request, useAnswer, type Recording } from '../answers';
import * as format from '../format';
import { Choice, FunctionCell, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { kRows, useLimit } from '../parts/sites';
import { Table } from '../parts/table';
import { useRecordingFacts } from '../recording';
import { useParam } from '../router';
import type { Blamed } from '../rows';

export const id = 'compare';
export const title = 'Before and after';
export const group = 'Compare';
export const order = 1;
export const letter = 'm';
export const remedy = 'view DB OTHER';
export const isLacking = (recording: Recording) => recording.other === null;
export const staticRequests = () => [request('compare', { by: 'bytes', limit: kRows })];

interface Measured { readonly verdict: string; readonly before: number | null; readonly after: number | null; readonly delta: number | null }
interface Metric extends Measured { readonly metric: string }
interface Comparison { readonly metrics: readonly Metric[]; readonly places: readonly (Blamed & Measured)[] }

export function component() {
  const recording = useRecordingFacts();
  if (!recording) return null;
  if (recording.other !== null) return <Compared />;
  return <>
    <Lead>A run before a change, and one after it.</Lead>
    <Verdict>One recording is viewed here. To compare it with another: <code>heapscribe view {format.lastPart(recording.path)} OTHER.db</code></Verdict>
  </>;
}

function Compared() {
  const [by, setBy] = useParam('by', 'bytes');
  const { limit, more } = useLimit();
  const answer = useAnswer<Comparison>(request('compare', { by, limit }));
  const known = (value: number | null, write: (value: number) => string) => value === null ? 'not known' : write(value);
  const signed = (value: number, write: (value: number) => string) => <span class={value > 0 ? 'delta-up' : value < 0 ? 'delta-down' : ''}>
    {value > 0 ? '+' : value < 0 ? '-' : ''}{write(Math.abs(value))}</span>;
  const writer = (key: string) => /bytes$|^peak$|^live$/.test(key) ? format.bytes : /seconds$/.test(key) ? format.seconds : (value: number) => format.count(Math.round(value));
  const columns = <Row extends Measured>(write: (row: Row) => (value: number) => string) => [
    { key: 'before', title: 'Before', numeric: true, value: (row: Row) => row.before, show: (row: Row) => known(row.before, write(row)) },
    { key: 'after', title: 'After', numeric: true, value: (row: Row) => row.after, show: (row: Row) => known(row.after, write(row)) },
    { key: 'delta', title: 'Difference', numeric: true, value: (row: Row) => row.delta, show: (row: Row) => row.delta === null ? '' : signed(row.delta, write(row)) },
    { key: 'verdict', title: 'Verdict', value: (row: Row) => row.verdict },
  ];
  return <>
    <Lead>The first recording before, the second after. With one run a side it is “unknown” whether a difference is more than noise; <code>heapscribe compare</code> takes several.</Lead>
    <div class="controls"><Choice label="Places by" value={by} onChange={setBy} options={['bytes', 'allocations', 'peak', 'live'].map((value) => ({ value, title: value[0]!.toUpperCase() + value.slice(1) }))} /><Search /></div>
    <Shown answer={answer}>{(comparison) => <>
      <Table caption="The run" id="r" search={false} rows={comparison.metrics} keyOf={(row) => row.metric} empty="Nothing to compare."
        columns={[{ key: 'metric', title: 'Figure', wide: true, value: (row) => row.metric, show: (row) => row.metric.replace(/_seconds$/, '').replaceAll('_', ' ') }, ...columns<Metric>((row) => writer(row.metric))]} />
      <Table caption={`Places that differ, by ${by}`} rows={comparison.places.filter((row) => row.delta !== 0)} more={more(comparison.places.length)} keyOf={(row) => row.function.slice(0, 80)} empty="No place differs."
        columns={[{ key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <FunctionCell row={row} /> }, ...columns<Blamed & Measured>(() => writer(by))]} />
    </>}</Shown>
  </>;
}
