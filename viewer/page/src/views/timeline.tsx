import { useEffect, useState } from 'preact/hooks';
import * as format from '../format';
import { moment } from '../filters';
import { Empty, Lead, Verdict } from '../parts/basics';
import { columnOf, Table } from '../parts/table';
import { snapshotsRequest, Timeline, timelineRequest, useTimeline } from '../parts/timeline';
import { change, linkTo, linkWithFilters, usePlace } from '../router';
import type { TimelineRow } from '../rows';

export const id = 'timeline';
export const title = 'Timeline';
export const group = 'Over time';
export const order = 0;
export const letter = 't';
export const filters = ['from', 'to'] as const;
export const staticRequests = () => [timelineRequest, snapshotsRequest];

function WindowFields({ from, to, most }: { from: string; to: string; most: number }) {
  const [first, setFirst] = useState(from);
  const [last, setLast] = useState(to);
  useEffect(() => { setFirst(from); setLast(to); }, [from, to]);
  const apply = (event: Event) => {
    event.preventDefault();
    const read = (text: string) => {
      const value = Number.parseFloat(text);
      return Number.isFinite(value) ? moment(Math.max(0, Math.min(most, value))) : undefined;
    };
    change({ from: read(first), to: read(last) }, 'step');
  };
  return <form class="brush" onSubmit={apply} aria-label="Time window">
    <label class="field"><span>From, in seconds</span><input type="text" inputMode="decimal" value={first}
      onInput={(event) => setFirst(event.currentTarget.value)} /></label>
    <label class="field"><span>To, in seconds</span><input type="text" inputMode="decimal" value={last}
      onInput={(event) => setLast(event.currentTarget.value)} /></label>
    <button type="submit">Set the window</button>
    {(from || to) && <button type="button" class="quiet" onClick={() => change({ from: undefined, to: undefined }, 'step')}>Drop it</button>}
  </form>;
}

export function component() {
  const { rows, marks, pending, error } = useTimeline();
  const { params } = usePlace();
  const from = params['from'] ?? '';
  const to = params['to'] ?? '';
  const number = (text: string) => text ? Number.parseFloat(text) : undefined;
  const last = rows[rows.length - 1];
  const at = (seconds: number) => [...rows].reverse().find((row) => row.seconds <= seconds) ?? rows[0];
  const first = from ? at(number(from)!) : rows[0];
  const until = to ? at(number(to)!) : last;
  return <div class="shown">
    <Lead>Draw over the graph to choose a time window: the other reports then tell of that time only.</Lead>
    {error ? <Empty>{error}</Empty> : rows.length === 0 && pending ? <div class="waiting" /> : <Timeline rows={rows} marks={marks} height={320}
      window={{ from: number(from), to: number(to) }}
      onWindow={(a, b) => change({ from: moment(a), to: moment(b) }, 'step')} />}
    {last && <WindowFields from={from.replace(/s$/, '')} to={to.replace(/s$/, '')} most={last.seconds} />}
    {first && until && (from || to) && <Verdict>From {format.seconds(first.seconds)} to {format.seconds(until.seconds)} the live heap went from{' '}
      {format.bytes(first.live_bytes)} to {format.bytes(until.live_bytes)}.{' '}
      <a href={linkTo('diff', { a: from || 'start', b: to || moment(until.seconds) })}>See who that was</a>, or{' '}
      <a href={linkWithFilters('hotspots')}>where was allocated</a> meanwhile.</Verdict>}
    <details class="as-table"><summary>The same as a table</summary>
      <Table caption="The process over time" rows={rows} keyOf={(row) => String(row.seconds)} search={false} empty="Nothing was sampled."
        columns={[
          columnOf.seconds<TimelineRow>('seconds', 'Time', (row) => row.seconds),
          columnOf.bytes<TimelineRow>('live', 'Live', (row) => row.live_bytes),
          columnOf.count<TimelineRow>('blocks', 'Blocks', (row) => row.live_blocks),
          columnOf.bytes<TimelineRow>('resident', 'Resident', (row) => row.resident_bytes),
        ]} />
    </details>
  </div>;
}
