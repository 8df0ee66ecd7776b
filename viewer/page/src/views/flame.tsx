import { useMemo, useState } from 'preact/hooks';
import { isStatic, request, useAnswer } from '../answers';
import { exactly, hasWindow, siteFilters, untimedFilters, useFilters, type Taken } from '../filters';
import * as format from '../format';
import { Choice, CopyButton, copyStack, Empty, Figures, Name, Shown, SourcePlace, stackText, useSaid, Bar } from '../parts/basics';
import { FlameGraph, hue } from '../parts/flame';
import { FlameHelp, FrameTable } from '../parts/frame_table';
import { layOut, matched, type Box, type Branch, type Layout } from '../parts/flame_layout';
import { Search } from '../parts/filter_bar';
import { change, useParam, usePlace } from '../router';
import { useTheme } from '../theme';
import { kNoStack, type Frame, type Summary, type TreeRow } from '../rows';

export const id = 'flame';
export const title = 'Flame graph';
export const group = 'Where';
export const order = 0;
export const letter = 'f';
/** Which blocks were temporary is not recorded over time. */
export const filters: Taken = (params) => params['by'] === 'temporary' ? untimedFilters : siteFilters;

const measures = [
  { value: 'bytes', title: 'Bytes', of: (row: TreeRow) => row.bytes, whole: (run: Summary) => run.allocated_bytes, write: format.bytes },
  { value: 'allocations', title: 'Allocations', of: (row: TreeRow) => row.allocations, whole: (run: Summary) => run.allocations, write: format.count },
  { value: 'peak', title: 'Peak', of: (row: TreeRow) => row.peak_bytes, whole: (run: Summary) => run.peak_bytes, write: format.bytes },
  { value: 'live', title: 'Live', of: (row: TreeRow) => row.live_bytes, whole: (run: Summary) => run.live_bytes, write: format.bytes },
  { value: 'temporary', title: 'Temporary', of: (row: TreeRow) => row.temporary, whole: (run: Summary) => run.temporary_allocations, write: format.count },
] as const;
type Measure = (typeof measures)[number];

const directions = [
  { value: 'top-down', title: 'From main' },
  { value: 'bottom-up', title: 'From allocations' },
] as const;

const kNodes = 3000;
const kStaticNodes = 150;

export const staticRequests = () => measures.flatMap((measure) => directions.map((direction) =>
  request('hotspots', { by: measure.value, limit: kStaticNodes, tree: direction.value })));

function treeOf(rows: readonly TreeRow[], measure: Measure): Branch<TreeRow> {
  const branch = (row: TreeRow): Branch<TreeRow> => ({
    name: row.function || '(unknown)',
    value: measure.of(row),
    data: row,
    children: row.children.filter((child) => measure.of(child) > 0).map(branch),
  });
  const children = rows.filter((row) => measure.of(row) > 0).map(branch);
  return { name: 'all', value: children.reduce((sum, child) => sum + child.value, 0), data: null, children };
}

function stackOf(box: Box<TreeRow>, bottomUp: boolean): Frame[] {
  const frames: Frame[] = [];
  for (let at: Box<TreeRow> | null = box; at; at = at.parent as Box<TreeRow> | null) {
    if (at.data.data) frames.push(at.data.data);
  }
  return bottomUp ? frames.reverse() : frames;
}

/** The module that holds most gets the first colour. */
function moduleHues(layout: Layout<TreeRow>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const level of layout.levels) {
    for (const box of level) {
      const module = box.data.data?.module ?? '';
      if (box.data.data) sums.set(module, (sums.get(module) ?? 0) + (box.value ?? 0));
    }
  }
  return new Map([...sums].sort((a, b) => b[1] - a[1]).map(([module], i) => [module, Math.min(i, 7)]));
}

function Details({ box, layout, whole, measure, bottomUp, onFocus, onZoom }: {
  box: Box<TreeRow>; layout: Layout<TreeRow>; whole: number; measure: Measure; bottomUp: boolean;
  onFocus: (box: Box<TreeRow>) => void; onZoom: (key: string) => void;
}) {
  const row = box.data.data;
  const total = layout.root.value ?? 0;
  const stack = stackOf(box, bottomUp);
  const [all, setAll] = useState(false);
  const timed = hasWindow(useFilters(filters));
  if (!row) {
    return <aside class="details" aria-label="Selected frame"><h2>All</h2>
      <p class="big">{measure.write(total)}</p>
      <p class="muted">Select a frame to see what it holds and from where it is called.</p></aside>;
  }
  const own = (box.value ?? 0) - ((box.children as Box<TreeRow>[] | undefined)?.reduce((sum, child) => sum + (child.value ?? 0), 0) ?? 0);
  return <aside class="details" aria-label="Selected frame">
    <h2><bdi class="name">{all ? row.function : format.shorten(row.function, 300)}</bdi></h2>
    {row.function.length > 300 && !all && <button type="button" class="quiet" onClick={() => setAll(true)}>
      Whole name, {format.count(row.function.length)} characters</button>}
    <p class="muted"><SourcePlace row={row} />{row.file && row.module ? <> in <bdi>{format.shorten(format.lastPart(row.module), 60)}</bdi></> : null}
      {row.inlined && <> <span class="tag">inlined</span></>}</p>
    <p class="big">{measure.write(box.value ?? 0)} <small>{format.share(whole ? (box.value ?? 0) / whole : 0)}</small></p>
    <Bar share={whole ? (box.value ?? 0) / whole : 0} />
    {!bottomUp && <p class="muted">{own > 0 ? `${measure.write(own)} here or in frames too small to show` : 'All of it in what it calls'}</p>}
    <Figures figures={measures.filter((m) => m !== measure && !(timed && m.value === 'temporary')).map((m) => ({ title: m.title, value: m.write(m.of(row)) }))} />
    <div class="actions">
      <button type="button" onClick={() => onZoom(box.key)}>Zoom in</button>
      {!isStatic() && <button type="button" onClick={() => onFocus(box)}>Only this function</button>}
      <CopyButton text={() => stackText(stack)} />
    </div>
    {row.hidden_children > 0 && <p class="muted">{format.plural(row.hidden_children, 'smaller branch').replace('branchs', 'branches')} below
      {row.hidden_children === 1 ? ' is' : ' are'} not drawn{isStatic() ? ': this file does not hold them' : '; “Only this function” shows more'}.</p>}
    <h3>{bottomUp ? 'Leads to' : 'Called from'}</h3>
    <ol class="path">{stack.slice(1, 16).map((frame, i) => <li key={i}><Name text={format.shortName(frame.function)} most={70} />{' '}<SourcePlace row={frame} /></li>)}
      {stack.length > 16 && <li class="muted">{format.plural(stack.length - 16, 'more frame')}</li>}
      {stack.length === 1 && <li class="muted">nothing: the outermost frame</li>}</ol>
  </aside>;
}

/** Of the whole run, which a graph of the largest branches does not show all of; estimates do not add up exactly. */
function useWhole(measure: Measure): number | undefined {
  const narrowed = Object.keys(useFilters(filters)).length > 0;
  const { data } = useAnswer<Summary>(request('summary'));
  return narrowed || data?.mode !== 'full' ? undefined : measure.whole(data);
}

function InAll({ total, whole, measure }: { total: number; whole: number; measure: Measure }) {
  return <span class="muted">{whole > total ? `${measure.write(total)} of ${measure.write(whole)}: the smallest branches are left out`
    : `${measure.write(total)} in all`}</span>;
}

function Graph({ rows, measure, bottomUp }: { rows: readonly TreeRow[]; measure: Measure; bottomUp: boolean }) {
  const { params } = usePlace();
  const layout = useMemo(() => layOut(treeOf(rows, measure)), [rows, measure]);
  const { dark } = useTheme();
  const hues = useMemo(() => moduleHues(layout), [layout]);
  const query = params['q'] ?? '';
  const found = useMemo(() => matched(layout, query), [layout, query]);
  const [copied, setCopied] = useSaid();
  const total = layout.root.value ?? 0;
  const whole = Math.max(total, useWhole(measure) ?? 0);
  const rootBelow = params['root'] === 'below';
  const zoom = params['zoom'] ?? '';
  const zoomed = layout.byKey.get(zoom);
  const selected = layout.byKey.get(params['sel'] ?? '') ?? zoomed ?? layout.root;
  const describe = (box: Box<TreeRow>) => {
    const share = format.share(whole ? (box.value ?? 0) / whole : 0);
    return `${format.shorten(box.data.name, 300)}\n${measure.write(box.value ?? 0)} · ${share}`;
  };
  const onFocus = (box: Box<TreeRow>) => {
    if (box.data.data && !isStatic()) change({ function: exactly(box.data.data.function.slice(0, 500)), zoom: undefined, span: undefined, sel: undefined }, 'step');
  };
  const onZoom = (key: string | undefined) => change({ zoom: key, span: undefined, sel: params['sel'] ?? key }, 'step');
  const onCopy = (box: Box<TreeRow>) => void copyStack(stackOf(box, bottomUp)).then(setCopied);
  if (total === 0) return <Empty>No such blocks: nothing to draw.</Empty>;
  if (rows.every((row) => row.function === kNoStack && row.children.length === 0)) {
    return <Empty>No stacks were recorded, {measure.write(total)} in all. Record with --mode full or --mode sample to see where they come from.</Empty>;
  }
  const trail: Box<TreeRow>[] = [];
  for (let at = zoomed ?? null; at; at = at.parent as Box<TreeRow> | null) trail.unshift(at);
  return <div class="flame-view">
    <div class="flame-main">
      <div class="flame-head">
        <div class="trail" role="group" aria-label="Zoomed to">
          {trail.length > 1 ? <>
            <button type="button" class="quiet" onClick={() => onZoom(undefined)}>all</button>
            {trail.length > 4 && <span class="muted">…</span>}
            {trail.slice(Math.max(1, trail.length - 3)).map((box) => <button type="button" class="quiet" key={box.key} onClick={() => onZoom(box.key)}>
              <Name text={format.shortName(box.data.name)} most={36} /></button>)}
          </> : <InAll total={total} whole={whole} measure={measure} />}
        </div>
        {copied && <p class="copied" role="status">{copied}</p>}
        {query && <p class="matched" role="status">{found.keys.size === 0 ? 'nothing matches'
          : `${format.share(found.share * total / whole)} in ${format.plural(found.keys.size, 'frame')}`}</p>}
      </div>
      <FlameGraph layout={layout} rootBelow={rootBelow} zoom={zoom} span={params['span'] ?? ''} onSpan={(span) => change({ span })} selected={params['sel'] ?? ''} matches={query ? found.keys : null}
        describe={describe} onFocus={onFocus} onCopy={onCopy} onZoom={onZoom} onSelect={(key) => change({ sel: key })}
        label={`${measure.title} by call stack, ${measure.write(total)} in all. Arrow keys move, Enter zooms, the table below has the same.`}
        fill={(box) => box.data.data ? hue(hues.get(box.data.data.module) ?? 7, dark, box.data.name) : hue(7, dark)} />
      <p class="legend" id="flame-help">
        {[...hues].slice(0, 5).map(([module, at]) => <span key={module} class="module"><span class="swatch" aria-hidden="true" style={{ background: hue(at, dark) }} />
          <bdi>{format.shorten(format.lastPart(module) || 'no module', 30)}</bdi></span>)}
        <span class="muted"><FlameHelp /></span>
      </p>
    </div>
    <Details box={selected} layout={layout} whole={whole} measure={measure} bottomUp={bottomUp} onFocus={onFocus} onZoom={onZoom} />
    <FrameTable layout={layout} zoomed={zoomed ?? layout.root} caption={`Frames of the graph, ${measure.title.toLowerCase()}`} columns={[
      { key: 'value', title: measure.title, numeric: true, value: (box) => box.value ?? 0, show: (box) => measure.write(box.value ?? 0) },
      { key: 'share', title: 'Share', numeric: true, value: (box) => (box.value ?? 0) / whole, show: (box) => format.share((box.value ?? 0) / whole) },
    ]} />
  </div>;
}

export function component() {
  const [by, setBy] = useParam('by', 'bytes');
  const [tree, setTree] = useParam('tree', 'top-down');
  const [root, setRoot] = useParam('root', 'above');
  const measure = measures.find((m) => m.value === by) ?? measures[0];
  const taken = useFilters(filters);
  const answer = useAnswer<TreeRow[]>(request('hotspots',
    { by: measure.value, tree, limit: isStatic() ? kStaticNodes : kNodes, ...taken }));
  return <>
    <div class="controls">
      <Choice label="Measure" value={measure.value} options={measures} onChange={(value) => { setBy(value); }} />
      <Choice label="Direction" value={tree} options={directions} onChange={(value) => {
        setTree(value);
        change({ zoom: undefined, span: undefined, sel: undefined });
      }} />
      <Choice label="Root" value={root} options={[{ value: 'above', title: 'Above' }, { value: 'below', title: 'Below' }]} onChange={setRoot} />
      <Search label="Find a function" />
    </div>
    <Shown answer={answer}>{(rows) => <Graph rows={rows} measure={measure} bottomUp={tree === 'bottom-up'} />}</Shown>
  </>;
}
