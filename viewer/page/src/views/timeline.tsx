import { useEffect, useState } from 'preact/hooks';
import * as format from '../format';
import { isStatic } from '../answers';
import { moment, secondsOf, takenOf } from '../filters';
import { Empty, Lead, Verdict } from '../parts/basics';
import { columnOf, Table } from '../parts/table';
import { snapshotsRequest, Timeline, timelineRequest, useTimeline } from '../parts/timeline';
import { change, linkTo, linkWithFilters, usePlace } from '../router';
import { useRecordingFacts } from '../recording';
import type { TimelineRow } from '../rows';
import { isLacking, views } from '../views';

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
  const [wrong, setWrong] = useState('');
  useEffect(() => { setFirst(from); setLast(to); setWrong(''); }, [from, to]);
  const apply = (event: Event) => {
    event.preventDefault();
    const given = [first, last].map((text) => text.trim());
    const unread = given.find((text) => text && secondsOf(text) === undefined);
    setWrong(unread ? `“${unread.slice(0, 40)}” is no time: give seconds since the start, such as 2.5.` : '');
    if (unread) return;
    const [a, b] = given.map((text) => text ? Math.min(most, secondsOf(text)!) : undefined);
    const turned = a !== undefined && b !== undefined && a > b;
    const write = (value: number | undefined) => value === undefined ? undefined : moment(value);
    change({ from: write(turned ? b : a), to: write(turned ? a : b) }, 'step');
  };
  return <form class="brush" onSubmit={apply} aria-label="Time window">
    <label class="field"><span>From, in seconds</span><input type="text" inputMode="decimal" value={first}
      onInput={(event) => setFirst(event.currentTarget.value)} /></label>
    <label class="field"><span>To, in seconds</span><input type="text" inputMode="decimal" value={last}
      onInput={(event) => setLast(event.currentTarget.value)} /></label>
    <button type="submit">Set the window</button>
    {(from || to) && <button type="button" class="quiet" onClick={(event) => {
      event.currentTarget.form?.querySelector('input')?.focus();
      change({ from: undefined, to: undefined }, 'step');
    }}>Drop it</button>}
    {wrong && <p class="wrong" role="alert">{wrong}</p>}
  </form>;
}

/** The reports that a window narrows, as they say it themselves. */
function Followers() {
  const recording = useRecordingFacts();
  const { params } = usePlace();
  const following = views.filter((view) => view.id !== 'timeline' && (!recording || !isLacking(view, recording)) &&
    takenOf(view.filters, { from: params['from'] ?? '0s' }, recording).includes('from'));
  return <>{following.map((view, i) => <span key={view.id}>{i === 0 ? '' : i === following.length - 1 ? ' and ' : ', '}
    <a href={linkWithFilters(view.id)}>{view.title}</a></span>)}</>;
}

export function component() {
  const { rows, marks, pending, error } = useTimeline();
  const { params } = usePlace();
  const from = params['from'] ?? '';
  const to = params['to'] ?? '';
  const number = secondsOf;
  const last = rows[rows.length - 1];
  const at = (seconds: number) => [...rows].reverse().find((row) => row.seconds <= seconds) ?? rows[0];
  const first = at(number(from) ?? 0);
  const until = at(number(to) ?? Infinity);
  const drawn = last !== undefined && last.seconds > rows[0]!.seconds && !isStatic();
  return <div class="shown">
    {drawn && <Lead>Draw over the graph to choose a time window. <Followers /> then tell of that time only; all others tell of the whole run.</Lead>}
    {error ? <Empty>{error}</Empty> : rows.length === 0 && pending ? <div class="waiting" /> : <Timeline rows={rows} marks={marks} height={320}
      {...(drawn ? { window: { from: number(from), to: number(to) },
        onWindow: (a: number, b: number) => change({ from: moment(a), to: moment(Math.min(b, last.seconds)) }, 'step') } : {})} />}
    {drawn && <WindowFields from={from.replace(/s$/, '')} to={to.replace(/s$/, '')} most={last.seconds} />}
    {drawn && first && until && (from || to) && <Verdict>From {format.seconds(number(from) ?? first.seconds)} to {format.seconds(number(to) ?? until.seconds)} the
      live heap went from {format.bytes(first.live_bytes)} to {format.bytes(until.live_bytes)}. See <a href={linkTo('diff', { from, to })}>what was added and
      what went</a>, or <a href={linkWithFilters('hotspots')}>where the program allocated in that time</a>.</Verdict>}
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
