import { useEffect, useRef } from 'preact/hooks';
import { isStatic, request, useAnswer } from '../answers';
import * as format from '../format';
import { Lead, Shown, SiteCell, StackList } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { kRows, useLimit } from '../parts/sites';
import { columnOf, Table, type Column } from '../parts/table';
import { snapshotsRequest } from '../parts/timeline';
import { change, linkTo, useParam, usePlace } from '../router';
import type { Blamed, Frame, Snapshot } from '../rows';
import { calm } from '../theme';

export const id = 'snapshots';
export const title = 'Snapshots';
export const group = 'Over time';
export const order = 3;
export const letter = 'n';
export const staticRequests = () => [snapshotsRequest, request('snapshots', { at: 'peak', limit: kRows }), request('snapshots', { at: 'exit', limit: kRows })];

interface Held extends Blamed { readonly live_bytes: number; readonly live_blocks: number; readonly age_seconds: number; readonly site: number; readonly kind: string; readonly stack: readonly Frame[] }

function nameOf(snapshot: Snapshot): string {
  return snapshot.cause === 'peak' || snapshot.cause === 'exit' ? snapshot.cause : String(snapshot.id);
}

/** One file holds what is held at the peak and at the end, and the differences to those. */
function isHeld(snapshot: Snapshot): boolean {
  return !isStatic() || snapshot.cause === 'peak' || snapshot.cause === 'exit';
}

function HeldThen({ at }: { at: string }) {
  const { limit, more } = useLimit();
  const answer = useAnswer<Held[]>(request('snapshots', { at, limit }));
  const heading = useRef<HTMLHeadingElement>(null);
  const ready = answer.data !== undefined;
  // Only for who opened it here: a link restores the page from its top.
  useEffect(() => {
    if (!ready || !document.activeElement?.closest('.opens-below')) return;
    heading.current?.scrollIntoView({ block: 'start', behavior: calm() ? 'auto' : 'smooth' });
    heading.current?.focus({ preventScroll: true });
  }, [ready]);
  return <section aria-labelledby="held-title">
    <h2 id="held-title" ref={heading} tabIndex={-1}>Held at <bdi>{/^\d+$/.test(at) ? `snapshot ${at}` : at}</bdi></h2>
    <div class="controls"><Search /></div>
    <Shown answer={answer}>{(rows) => <Table caption="What every place held then" rows={rows} more={more(rows.length)} sorted="live" keyOf={(row) => String(row.site)} empty="Nothing was held then."
      detail={(row) => <StackList stack={row.stack} />}
      columns={[
        columnOf.bytes<Held>('live', 'Held', (row) => row.live_bytes),
        columnOf.count<Held>('blocks', 'Blocks', (row) => row.live_blocks),
        { key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <SiteCell row={row} /> },
        columnOf.seconds<Held>('age', 'Age', (row) => row.age_seconds),
      ]} />}</Shown>
  </section>;
}

export function component() {
  const answer = useAnswer<Snapshot[]>(snapshotsRequest);
  const [at] = useParam('at');
  const { params } = usePlace();
  const picked = (params['pick'] ?? '').split(',').filter(Boolean);
  const toggle = (name: string) => change({ pick: (picked.includes(name) ? picked.filter((other) => other !== name)
    : [...picked, name].slice(-2)).join(',') || undefined });
  return <>
    <Lead>The moments whose live heap was noted. {isStatic() ? <>This file holds what was held at the peak and at the end, and <a href={linkTo('diff')}>what changed</a> up to those.</>
      : 'Open one to see what was held then; pick two to see what changed between them.'}</Lead>
    <Shown answer={answer}>{(rows) => {
      const order = picked.map((name) => rows.findIndex((row) => nameOf(row) === name)).sort((a, b) => rows[a]!.seconds - rows[b]!.seconds);
      const [a, b] = order.length === 2 && order.every((i) => i >= 0) ? order.map((i) => nameOf(rows[i]!)) : [];
      return <>
        {a && b ? <p class="actions"><a class="button" href={linkTo('diff', { a, b })}>What changed from {a} to {b}</a></p>
          : rows.length > 1 && !isStatic() && <p class="muted">{picked.length === 1 ? 'Pick one more to compare.' : 'Pick two to compare.'}</p>}
        <Table caption="Snapshots in the order of taking" rows={[...rows].sort((x, y) => x.seconds - y.seconds || x.id - y.id)} keyOf={nameOf} id="s" search={false}
          empty="There are no snapshots: heapscribe run --snapshot-every 1s takes them, or heapscribe ctl PID snapshot LABEL."
          columns={[
            ...(isStatic() ? [] : [{ key: 'pick', title: 'Pick', value: (row: Snapshot) => picked.includes(nameOf(row)) ? 1 : 0,
              show: (row: Snapshot) => <input type="checkbox" aria-label={`Pick ${nameOf(row)}`} checked={picked.includes(nameOf(row))} onChange={() => toggle(nameOf(row))} /> } satisfies Column<Snapshot>]),
            { key: 'seconds', title: 'Time', numeric: true, value: (row) => row.seconds, show: (row) => format.seconds(row.seconds) },
            { key: 'label', title: 'Snapshot', wide: true, value: (row) => row.label || String(row.id),
              show: (row) => !isHeld(row) ? <>{row.id} <bdi>{format.shorten(row.label, 63)}</bdi></> : <button type="button" class="link opens-below" aria-pressed={at === nameOf(row)} onClick={() => change({ at: at === nameOf(row) ? undefined : nameOf(row) }, 'step')}>
                {row.id} <bdi>{format.shorten(row.label, 63)}</bdi></button> },
            { key: 'cause', title: 'Taken', value: (row) => row.cause },
            columnOf.bytes<Snapshot>('live', 'Live', (row) => row.live_bytes),
            columnOf.count<Snapshot>('blocks', 'Blocks', (row) => row.live_blocks),
            columnOf.count<Snapshot>('sites', 'Sites', (row) => row.sites),
            columnOf.bytes<Snapshot>('resident', 'Resident', (row) => row.resident_bytes || null),
          ]} />
        {at && <HeldThen key={at} at={at} />}
      </>;
    }}</Shown>
  </>;
}
