import { useEffect, useMemo, useState } from 'preact/hooks';
import { request, useAnswer, isStatic } from '../answers';
import { exactly, stackFilters, useFilters, type Filters, type Taken } from '../filters';
import * as format from '../format';
import { Choice, copyStack, Empty, Figures, Function, FunctionCell, Lead, Shown, StackList, useSaid, Verdict } from '../parts/basics';
import { FlameGraph } from '../parts/flame';
import { FlameHelp, FrameTable } from '../parts/frame_table';
import { layOut, matched, type Box, type Branch } from '../parts/flame_layout';
import { Search } from '../parts/filter_bar';
import { kRows, useLimit } from '../parts/sites';
import { Table } from '../parts/table';
import { snapshotsRequest } from '../parts/timeline';
import { useRecordingFacts } from '../recording';
import { change, useParam, usePlace } from '../router';
import { kNoStack, type Blamed, type Frame, type Snapshot } from '../rows';

export const id = 'diff';
export const title = 'Difference';
export const group = 'Compare';
export const order = 0;
export const letter = 'd';
/** A time window is taken as the two moments where none are chosen here. */
export const filters: Taken = (params, recording) => params['a'] || params['b'] || recording?.other ? stackFilters : [...stackFilters, 'from', 'to'];

const measures = [{ value: 'live', title: 'Live' }, { value: 'peak', title: 'Peak' }, { value: 'bytes', title: 'Bytes' }, { value: 'allocations', title: 'Allocations' }];
const kGraphRows = 400;
const kStaticGraphRows = 100;

export const staticRequests = () => ['function', 'stack'].flatMap((group) => {
  const limit = group === 'stack' ? kStaticGraphRows : kRows;
  return [
    request('diff', { by: 'live', from: 'start', to: 'peak', group, limit }),
    request('diff', { by: 'live', from: 'start', to: 'exit', group, limit }),
    ...measures.map((measure) => request('diff', { by: measure.value, group, limit })),
  ];
});

interface Change extends Blamed {
  readonly change: string; readonly old: number; readonly new: number; readonly delta: number; readonly old_blocks?: number; readonly new_blocks?: number;
  readonly sites: number; readonly stack: readonly Frame[];
}
interface Sums { before: number; after: number; frame: Frame | null }

function treeOf(rows: readonly Change[]): Branch<Sums> {
  interface Node { name: string; sums: Sums; width: number; children: Map<string, Node> }
  const node = (name: string, frame: Frame | null): Node => ({ name, sums: { before: 0, after: 0, frame }, width: 0, children: new Map() });
  const root = node('all', null);
  for (const row of rows) {
    const width = Math.max(row.old, row.new);
    let at = root;
    const add = () => { at.sums.before += row.old; at.sums.after += row.new; at.width += width; };
    add();
    for (let i = row.stack.length - 1; i >= 0; --i) {
      const frame = row.stack[i]!;
      let next = at.children.get(frame.function);
      if (!next) at.children.set(frame.function, next = node(frame.function, frame));
      at = next;
      add();
    }
  }
  const branch = (from: Node): Branch<Sums> => ({ name: from.name, value: from.width, data: from.sums, children: [...from.children.values()].map(branch) });
  return branch(root);
}

/** Blue for less, orange for more, stronger with the part of it that changed: apart for all eyes, and the sign is written too. */
function deltaFill(sums: Sums, dark: boolean): string {
  const part = (sums.after - sums.before) / Math.max(1, sums.after, sums.before);
  const strength = Math.min(1, Math.abs(part));
  const from = dark ? [52, 57, 63] : [226, 226, 222];
  const to = part > 0 ? (dark ? [150, 74, 18] : [240, 150, 84]) : (dark ? [22, 96, 146] : [112, 182, 226]);
  return `rgb(${from.map((value, i) => Math.round(value + (to[i]! - value) * strength)).join(' ')})`;
}

function Graph({ rows, write }: { rows: readonly Change[]; write: (value: number) => string }) {
  const { params } = usePlace();
  const layout = useMemo(() => layOut(treeOf(rows)), [rows]);
  const query = params['q'] ?? '';
  const found = useMemo(() => matched(layout, query), [layout, query]);
  const [copied, setCopied] = useSaid();
  if ((layout.root.value ?? 0) === 0) return <Empty>Nothing changed.</Empty>;
  const signed = (value: number) => value > 0 ? `+${write(value)}` : write(value);
  const describe = (box: Box<Sums>) => `${format.shorten(box.data.name, 300)}\n${write(box.data.data!.before)} → ${write(box.data.data!.after)} (${signed(box.data.data!.after - box.data.data!.before)})`;
  const stackOf = (box: Box<Sums>) => (box.ancestors() as Box<Sums>[]).map((at) => at.data.data!.frame).filter((frame): frame is Frame => frame !== null);
  const selected = layout.byKey.get(params['sel'] ?? '');
  return <>
    <FlameGraph layout={layout} rootBelow={false} zoom={params['zoom'] ?? ''} span={params['span'] ?? ''} onSpan={(span) => change({ span })} selected={params['sel'] ?? ''} matches={query ? found.keys : null}
      describe={describe} fill={(box, dark) => deltaFill(box.data.data!, dark)} label="Difference by call stack; the ranked list has the same by function"
      onZoom={(zoom) => change({ zoom, span: undefined }, 'step')} onSelect={(sel) => change({ sel })}
      onFocus={(box) => box.depth > 0 && !isStatic() && change({ function: exactly(box.data.name.slice(0, 500)), zoom: undefined, span: undefined, sel: undefined }, 'step')}
      onCopy={(box) => void copyStack(stackOf(box)).then(setCopied)} />
    <p class="legend" id="flame-help"><span class="module more"><span class="swatch" aria-hidden="true" />more</span><span class="module less"><span class="swatch" aria-hidden="true" />less</span>
      <span>width: the larger of before and after</span>
      <span class="muted"><FlameHelp /></span></p>
    {copied && <p class="copied" role="status">{copied}</p>}
    {selected && <Verdict><Function text={selected.data.name} />: {write(selected.data.data!.before)} before, {write(selected.data.data!.after)} after, {signed(selected.data.data!.after - selected.data.data!.before)}.</Verdict>}
    <FrameTable layout={layout} zoomed={layout.byKey.get(params['zoom'] ?? '') ?? layout.root} caption="Frames of the graph, before and after" columns={[
      { key: 'delta', title: 'Difference', numeric: true, value: (box) => Math.abs(box.data.data!.after - box.data.data!.before),
        show: (box) => signed(box.data.data!.after - box.data.data!.before) },
      { key: 'before', title: 'Before', numeric: true, value: (box) => box.data.data!.before, show: (box) => write(box.data.data!.before) },
      { key: 'after', title: 'After', numeric: true, value: (box) => box.data.data!.after, show: (box) => write(box.data.data!.after) },
    ]} />
  </>;
}

function Moments({ a, b }: { a: string; b: string }) {
  const [first, setFirst] = useState(a);
  const [second, setSecond] = useState(b);
  useEffect(() => { setFirst(a); setSecond(b); }, [a, b]);
  return <form class="brush" aria-label="Moments" onSubmit={(event) => {
    event.preventDefault();
    change({ a: first, b: second }, 'step');
  }}>
    <label class="field"><span>From</span><input type="text" value={first} placeholder="start, 2.5s, label" onInput={(event) => setFirst(event.currentTarget.value)} /></label>
    <label class="field"><span>To</span><input type="text" value={second} placeholder="peak, 9s, exit" onInput={(event) => setSecond(event.currentTarget.value)} /></label>
    <button type="submit">Compare</button>
  </form>;
}

/** What is compared where nobody has chosen. A program that runs, or was killed, has no peak noted. */
function momentsOf(params: Readonly<Record<string, string>>, taken: Filters, snapshots: readonly Snapshot[]): { a: string; b: string } {
  const peaked = snapshots.some((snapshot) => snapshot.cause === 'peak');
  return { a: params['a'] ?? taken.from ?? 'start', b: params['b'] ?? taken.to ?? (peaked && !taken.from ? 'peak' : 'exit') };
}

export function component() {
  const recording = useRecordingFacts();
  const { params } = usePlace();
  const two = Boolean(recording?.other) && !params['a'] && !params['b'];
  const taken = useFilters(filters);
  const snapshots = useAnswer<Snapshot[]>(two ? null : snapshotsRequest);
  const { a, b } = momentsOf(params, taken, snapshots.data ?? []);
  const ready = recording !== null && (two || !snapshots.pending || snapshots.data !== undefined);
  const [by, setBy] = useParam('by', two ? 'bytes' : 'live');
  const [look, setLook] = useParam('look', 'list');
  const { limit, more } = useLimit();
  const moments = two ? {} : { from: a, to: b };
  const group = look === 'graph' ? 'stack' : 'function';
  const measure = two ? by : 'live';
  const answer = useAnswer<Change[]>(ready ? request('diff', { by: measure, ...taken, ...moments, group, limit: look !== 'graph' ? limit : isStatic() ? kStaticGraphRows : kGraphRows }) : null);
  const write = measure === 'allocations' ? format.count : format.bytes;
  const signed = (value: number) => value > 0 ? `+${write(value)}` : write(value);
  return <>
    <Lead>{two ? 'What changed from the first recording to the second; places are matched by name, so that a rebuild does not matter.'
      : 'What was added, grew, shrank and went between two moments: times such as 2.5s, numbers or labels of snapshots, start, peak, exit.'}
      {!two && recording?.live && ' The program runs: its exit is now, and its peak is noted when it ends.'}</Lead>
    <div class="controls">
      {two ? <Choice label="Compare" value={by} options={measures} onChange={setBy} /> : !isStatic() ? <Moments a={a} b={b} />
        : <Choice label="From start to" value={b} options={[{ value: 'peak', title: 'Peak' }, { value: 'exit', title: 'Exit' }]} onChange={(value) => change({ b: value })} />}
      <Choice label="Show" value={look} options={[{ value: 'list', title: 'Ranked list' }, { value: 'graph', title: 'Flame graph' }]} onChange={setLook} />
      <Search />
    </div>
    <Shown answer={ready ? answer : { ...answer, pending: true }}>{(rows) => {
      const changed = rows.filter((row) => row.delta !== 0);
      const worst = changed[0];
      if (!worst) return <Verdict tone="good">{two ? `By ${measure} nothing changed. Another measure may tell more.` : 'Nothing that is alive changed between the two.'}</Verdict>;
      return <>
        {worst.function === kNoStack ? <Verdict>No stacks were recorded, so nobody can tell where the difference of {signed(worst.delta)} comes from. Record with <code>--mode full</code> to see.</Verdict>
          : <Verdict tone={worst.delta > 0 ? 'warn' : 'good'}>{worst.delta > 0 ? 'Look first at ' : 'Most went from '}<Function text={worst.function} />: {signed(worst.delta)},
          {' '}from {write(worst.old)} to {write(worst.new)}.</Verdict>}
        {look === 'graph' ? <Graph rows={changed} write={write} />
          : <Table caption="Places by how much they changed" rows={changed} more={more(rows.length)} sorted="delta" empty="Nothing changed."
            keyOf={(row) => `${format.shortName(row.function).slice(0, 60)}${format.lastPart(row.file)}`.replace(/[,&]/g, '')}
            detail={(row) => <div class="site-detail">
              {row.old_blocks !== undefined && <Figures figures={[{ title: 'Blocks', value: `${format.count(row.old_blocks)} → ${format.count(row.new_blocks ?? 0)}` }, { title: 'Sites', value: format.count(row.sites) }]} />}
              <StackList stack={row.stack} /></div>}
            columns={[
              { key: 'change', title: 'Change', value: (row) => row.change, show: (row) => <span class="word">{row.change}</span> },
              { key: 'delta', title: 'Difference', numeric: true, value: (row) => Math.abs(row.delta), show: (row) => <span class={row.delta > 0 ? 'delta-up' : 'delta-down'}>{signed(row.delta)}</span> },
              { key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <FunctionCell row={row} /> },
              { key: 'old', title: 'Before', numeric: true, value: (row) => row.old, show: (row) => write(row.old) },
              { key: 'new', title: 'After', numeric: true, value: (row) => row.new, show: (row) => write(row.new) },
            ]} />}
      </>;
    }}</Shown>
  </>;
}
