import { request, useAnswer } from '../answers';
import * as format from '../format';
import { useFilters } from '../filters';
import { Function, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { useLimit } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import { useRecordingFacts } from '../recording';
import { change, usePlace } from '../router';

export const id = 'trace';
export const title = 'Events';
export const group = 'Over time';
export const order = 5;
export const letter = 'v';
export const remedy = 'run --trace';
export const filters = ['from', 'to'] as const;

const kEvents = 500;
export const staticRequests = () => [request('trace', { limit: kEvents, names: true })];

interface Event {
  readonly number: number; readonly ns: number; readonly thread: number; readonly event: string;
  readonly address?: string; readonly size?: number; readonly site?: number; readonly old_address?: string;
  readonly lost?: number; readonly kind?: string; readonly function?: string;
}

const kNs = 1e9;

function callOf(row: Event): string {
  if (row.event === 'gap') return 'gap';
  return row.event === 'release' ? 'free' : row.event === 'realloc-begin' ? 'realloc begins' : row.kind || row.event;
}

/** What the list may be narrowed to, by parameter of the address; the bar's filter by thread is another report's. */
const narrowings = { address: 'Address', site: 'Site', tid: 'Thread' } as const;
type Narrowing = keyof typeof narrowings;

/** What narrows the list to it. */
function Narrow({ name, value }: { name: Narrowing; value: string | number }) {
  return <button type="button" class="quiet" title={`Only ${narrowings[name].toLowerCase()} ${value}`} onClick={() => change({ [name]: String(value), limit: undefined }, 'step')}>{value}</button>;
}

function Narrowed() {
  const { params } = usePlace();
  const set = (Object.keys(narrowings) as Narrowing[]).filter((name) => params[name]);
  if (set.length === 0) return null;
  return <ul class="chips" aria-label="Only events of">{set.map((name) => <li key={name} class="chip">
    <span class="chip-name">{narrowings[name]}</span> <bdi>{params[name]}</bdi>
    <button type="button" aria-label={`All, not only this ${narrowings[name].toLowerCase()}`} onClick={() => change({ [name]: undefined }, 'step')}>×</button></li>)}</ul>;
}

export function component() {
  const { params } = usePlace();
  const window = useFilters(filters);
  const { limit, more } = useLimit();
  const most = Math.max(limit, kEvents);
  const lacking = useRecordingFacts()?.lacks.includes(id);
  const answer = useAnswer<Event[]>(lacking ? null : request('trace', { ...window, address: params['address'], site: params['site'], thread: params['tid'], limit: most, names: true }));
  if (lacking) return <Verdict>The events of this run were not recorded one by one. To do so: <code>heapscribe run --trace -- PROGRAM ARGUMENTS</code></Verdict>;
  return <>
    <Lead>Every single event in order, from the start or from a moment of the <a href="#/timeline">timeline</a> on. An address, a site or a thread narrows the list
      to it: so the whole life of a block can be read.</Lead>
    <div class="controls"><Search /><Narrowed /></div>
    <Shown answer={answer}>{(rows) => {
      const gaps = rows.filter((row) => row.event === 'gap');
      return <>
        {gaps.length > 0 && <Verdict tone="warn">{format.plural(gaps.reduce((sum, row) => sum + (row.lost ?? 0), 0), 'event')} are missing in {format.plural(gaps.length, 'gap')} of this list.</Verdict>}
        <Table caption="Events" rows={rows} more={rows.length < most ? undefined : more(rows.length)} keyOf={(row) => String(row.number)} empty="No such event." page={50}
          columns={[
            { key: 'time', title: 'Time', numeric: true, value: (row) => row.ns, show: (row) => format.seconds(row.ns / kNs) },
            { key: 'event', title: 'Call', value: callOf },
            { key: 'function', title: 'In', wide: true, value: (row) => row.function, show: (row) => row.event === 'gap'
              ? <span class="muted">{format.plural(row.lost ?? 0, 'event')} missing</span> : <Function text={row.function || '(not traced)'} /> },
            columnOf.bytes<Event>('size', 'Size', (row) => row.size),
            { key: 'address', title: 'Address', value: (row) => row.address, show: (row) => row.address === undefined ? '' : <>
              <Narrow name="address" value={row.address} />{row.old_address !== undefined && row.old_address !== row.address && <small class="muted"> from {row.old_address}</small>}</> },
            { key: 'site', title: 'Site', numeric: true, value: (row) => row.site, show: (row) => row.site ? <Narrow name="site" value={row.site} /> : '–' },
            { key: 'thread', title: 'Thread', numeric: true, value: (row) => row.thread, show: (row) => <Narrow name="tid" value={row.thread} /> },
          ]} />
      </>;
    }}</Shown>
  </>;
}
