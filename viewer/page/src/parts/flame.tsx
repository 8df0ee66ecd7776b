import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { calm, colour, useTheme } from '../theme';
import * as format from '../format';
import { firstAfter, type Box, type Layout } from './flame_layout';

const kRow = 20;
const kMinimum = 0.6;
const kZoomTime = 160;
const kStillMs = 250;

interface Props<Data> {
  readonly layout: Layout<Data>;
  /** Root at the top (icicle) or at the bottom (flame). */
  readonly rootBelow: boolean;
  readonly zoom: string;
  /** What of the width is shown, "0.25-0.5", where it is not that of the zoom. */
  readonly span: string;
  readonly selected: string;
  readonly matches: ReadonlySet<string> | null;
  readonly describe: (box: Box<Data>) => string;
  readonly fill: (box: Box<Data>, dark: boolean) => string;
  readonly label: string;
  readonly onSpan: (span: string) => void;
  readonly onZoom: (key: string | undefined) => void;
  readonly onSelect: (key: string) => void;
  readonly onFocus: (box: Box<Data>) => void;
  readonly onCopy: (box: Box<Data>) => void;
}

interface Span { from: number; to: number }

function spanIn(text: string): Span | undefined {
  const [from, to] = text.split('-').map(Number);
  return from !== undefined && to !== undefined && from >= 0 && to <= 1 && from < to ? { from, to } : undefined;
}

function clamped({ from, to }: Span): Span {
  const wide = Math.min(1, Math.max(1e-9, to - from));
  const start = Math.max(0, Math.min(1 - wide, from));
  return { from: start, to: start + wide };
}

export function FlameGraph<Data>(props: Props<Data>) {
  const { layout, rootBelow } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const { dark } = useTheme();
  const latest = useRef(props);
  latest.current = props;
  const names = useMemo(() => new Map<string, string>(), []);
  const view = useRef<Span>({ from: 0, to: 1 });
  const planned = useRef(0);
  const depth = layout.levels.length;
  const tall = depth * kRow;
  const shallow = { '--flame-most': `${Math.max(8 * kRow, tall + 4)}px` } as Record<string, string>;

  const zoomed = () => layout.byKey.get(latest.current.zoom) ?? layout.root;

  function draw(): void {
    planned.current = 0;
    const element = canvas.current;
    const box = scroller.current;
    if (!element || !box) return;
    const { layout: tree, matches, selected, fill, rootBelow: below } = latest.current;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = box.clientWidth;
    const height = box.clientHeight;
    if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
      element.style.width = `${width}px`;
      element.style.height = `${height}px`;
    }
    const context = element.getContext('2d', { alpha: false })!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colour('surface');
    context.fillRect(0, 0, width, height);
    const { from, to } = view.current;
    const scale = width / (to - from);
    const top = box.scrollTop;
    const full = Math.max(tree.levels.length * kRow, below ? height : 0);
    context.font = '12px ui-monospace, SFMono-Regular, "DejaVu Sans Mono", Menlo, monospace';
    context.textBaseline = 'middle';
    const character = context.measureText('M').width;
    const ink = colour('flame-ink');
    const small = colour('flame-small');
    const outline = colour('text');
    for (let level = 0; level < tree.levels.length; ++level) {
      const y = (below ? full - (level + 1) * kRow : level * kRow) - top;
      if (y > height || y + kRow < 0) continue;
      const boxes = tree.levels[level]!;
      let tinyFrom = -1;
      let tinyTo = -1;
      const flushTiny = () => {
        if (tinyFrom < 0) return;
        context.globalAlpha = matches ? 0.4 : 1;
        context.fillStyle = small;
        context.fillRect(tinyFrom, y, Math.max(0.5, tinyTo - tinyFrom), kRow - 1);
        context.globalAlpha = 1;
        tinyFrom = -1;
      };
      for (let i = firstAfter(boxes, from); i < boxes.length; ++i) {
        const item = boxes[i]!;
        if (item.x0 >= to) break;
        const left = Math.max(0, (item.x0 - from) * scale);
        const right = Math.min(width, (item.x1 - from) * scale);
        const wide = right - left;
        if (wide < kMinimum) {
          if (tinyFrom >= 0 && left - tinyTo > 1) flushTiny();
          if (tinyFrom < 0) tinyFrom = left;
          tinyTo = right;
          continue;
        }
        flushTiny();
        const dim = matches !== null && !matches.has(item.key);
        context.globalAlpha = dim ? 0.28 : 1;
        context.fillStyle = fill(item, dark);
        context.fillRect(left, y, wide > 2 ? wide - 1 : wide, kRow - 1);
        if (wide > 26) {
          let name = names.get(item.data.name);
          if (name === undefined) {
            name = format.shorten(format.shortName(item.data.name), 400);
            names.set(item.data.name, name);
          }
          if ((name.length + 2) * character > wide) name = name.replaceAll('(anonymous namespace)::', '');
          const fit = Math.floor((wide - 8) / character);
          context.globalAlpha = dim ? 0.55 : 1;
          context.fillStyle = ink;
          context.fillText(name.length <= fit ? name : `${name.slice(0, Math.max(1, fit - 1))}…`, left + 4, y + kRow / 2);
        }
        context.globalAlpha = 1;
        if (item.key === selected) {
          context.strokeStyle = outline;
          context.lineWidth = 2;
          context.strokeRect(left + 1, y + 1, Math.max(1, wide - 3), kRow - 3);
        }
      }
      flushTiny();
    }
  }

  function plan(): void {
    if (planned.current === 0) planned.current = requestAnimationFrame(draw);
  }

  function moveTo(target: Span, animated: boolean): void {
    const goal = clamped(target);
    const start = { ...view.current };
    if (!animated || calm()) {
      view.current = goal;
      plan();
      return;
    }
    const began = performance.now();
    const step = () => {
      const part = Math.min(1, (performance.now() - began) / kZoomTime);
      const eased = 1 - (1 - part) ** 3;
      view.current = { from: start.from + (goal.from - start.from) * eased, to: start.to + (goal.to - start.to) * eased };
      draw();
      if (part < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  const first = useRef(true);
  const shownPlace = useRef('');
  const noted = useRef(0);
  // What the pointer and the keys moved is noted when it is still, so that a link restores it.
  function noteSpan(): void {
    clearTimeout(noted.current);
    noted.current = window.setTimeout(() => {
      const { from, to } = view.current;
      const span = `${Number(from.toFixed(6))}-${Number(to.toFixed(6))}`;
      shownPlace.current = `${zoomed().key} ${span}`;
      latest.current.onSpan(span);
    }, kStillMs);
  }
  useEffect(() => () => clearTimeout(noted.current), []);
  useLayoutEffect(() => {
    const box = zoomed();
    const place = `${box.key} ${props.span}`;
    const changed = shownPlace.current !== place;
    shownPlace.current = place;
    clearTimeout(noted.current);
    if (changed || first.current) moveTo(spanIn(props.span) ?? { from: box.x0, to: box.x1 }, !first.current);
    else plan();
    if (first.current && rootBelow && scroller.current) scroller.current.scrollTop = tall;
    first.current = false;
  }, [props.zoom, props.span, layout]);
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = rootBelow ? tall : 0;
  }, [rootBelow]);
  useEffect(plan);
  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(plan);
    observer.observe(element);
    const onWheel = (event: WheelEvent) => {
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const at = (event.clientX - element.getBoundingClientRect().left) / element.clientWidth;
        scaleBy(Math.exp(event.deltaY / 300), at);
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        event.preventDefault();
        pan(sideways);
      }
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener('wheel', onWheel);
      if (planned.current) cancelAnimationFrame(planned.current);
      planned.current = 0;
    };
  }, []);

  function pan(pixels: number): void {
    const { from, to } = view.current;
    const by = (pixels / Math.max(1, scroller.current!.clientWidth)) * (to - from);
    view.current = clamped({ from: from + by, to: to + by });
    plan();
    noteSpan();
  }

  function scaleBy(factor: number, at: number): void {
    const { from, to } = view.current;
    const centre = from + (to - from) * at;
    const wide = Math.min(1, (to - from) * factor);
    view.current = clamped({ from: centre - wide * at, to: centre - wide * at + wide });
    plan();
    noteSpan();
  }

  function boxAt(clientX: number, clientY: number): Box<Data> | undefined {
    const element = scroller.current!;
    const area = element.getBoundingClientRect();
    const y = clientY - area.top + element.scrollTop;
    const full = Math.max(tall, rootBelow ? element.clientHeight : 0);
    const level = Math.floor((rootBelow ? full - y : y) / kRow);
    const boxes = layout.levels[level];
    if (!boxes) return undefined;
    const { from, to } = view.current;
    const x = from + ((clientX - area.left) / element.clientWidth) * (to - from);
    const found = boxes[firstAfter(boxes, x)];
    return found && found.x0 <= x ? found : undefined;
  }

  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);

  function hideTip(): void {
    if (tip.current) tip.current.hidden = true;
  }

  function showTip(event: PointerEvent): void {
    const box = boxAt(event.clientX, event.clientY);
    const element = tip.current!;
    if (!box) {
      hideTip();
      return;
    }
    element.hidden = false;
    element.textContent = latest.current.describe(box);
    const area = scroller.current!.getBoundingClientRect();
    const x = event.clientX - area.left;
    const wide = element.offsetWidth;
    element.style.left = `${Math.max(4, Math.min(area.width - wide - 4, x + 12))}px`;
    element.style.top = `${event.clientY - area.top + (event.clientY - area.top > area.height - 90 ? -element.offsetHeight - 10 : 18)}px`;
  }

  function onPointerMove(event: PointerEvent): void {
    const start = drag.current;
    if (!start) {
      showTip(event);
      return;
    }
    if (!start.moved && Math.abs(event.clientX - start.x) + Math.abs(event.clientY - start.y) < 5) return;
    start.moved = true;
    hideTip();
    pan(start.x - event.clientX);
    scroller.current!.scrollTop += start.y - event.clientY;
    start.x = event.clientX;
    start.y = event.clientY;
  }

  function onPointerUp(event: PointerEvent): void {
    const start = drag.current;
    drag.current = null;
    if (!start || start.moved) return;
    const box = boxAt(event.clientX, event.clientY);
    if (!box) return;
    if (box.key === latest.current.selected) props.onZoom(box === layout.root ? undefined : box.key);
    else props.onSelect(box.key);
  }

  function reveal(box: Box<Data>): void {
    const element = scroller.current!;
    const full = Math.max(tall, rootBelow ? element.clientHeight : 0);
    const y = rootBelow ? full - (box.depth + 1) * kRow : box.depth * kRow;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + kRow > element.scrollTop + element.clientHeight) element.scrollTop = y + kRow - element.clientHeight;
    const { from, to } = view.current;
    if (box.x1 <= from || box.x0 >= to) {
      const wide = to - from;
      moveTo({ from: (box.x0 + box.x1 - wide) / 2, to: (box.x0 + box.x1 + wide) / 2 }, true);
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const current = layout.byKey.get(props.selected) ?? zoomed();
    const inwards = rootBelow ? 'ArrowUp' : 'ArrowDown';
    const outwards = rootBelow ? 'ArrowDown' : 'ArrowUp';
    const select = (box: Box<Data> | null | undefined) => {
      if (!box) return;
      props.onSelect(box.key);
      reveal(box);
    };
    const level = layout.levels[current.depth]!;
    switch (event.key) {
      case inwards: select((current.children as Box<Data>[] | undefined)?.[0]); break;
      case outwards: select(current.parent as Box<Data> | null); break;
      case 'ArrowLeft': select(level[current.at - 1]); break;
      case 'ArrowRight': select(level[current.at + 1]); break;
      case 'Home': select(layout.root); break;
      case 'Enter': props.onZoom(current === layout.root ? undefined : current.key); break;
      case 'Escape':
      case 'Backspace': {
        const parent = zoomed().parent as Box<Data> | null;
        if (!parent && event.key === 'Escape') return;
        props.onZoom(parent && parent !== layout.root ? parent.key : undefined);
        break;
      }
      case '+': case '=': scaleBy(0.7, 0.5); break;
      case '-': scaleBy(1 / 0.7, 0.5); break;
      case '[': pan(-80); break;
      case ']': pan(80); break;
      case 'f': props.onFocus(current); break;
      case 'c': props.onCopy(current); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  const selected = layout.byKey.get(props.selected);
  return <div class="flame">
    <div class="flame-scroll" style={shallow} ref={scroller} tabIndex={0} role="application" aria-roledescription="flame graph"
      aria-label={props.label} aria-describedby="flame-help" onScroll={plan} onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0 || (event.target as HTMLElement) !== canvas.current) return;
        drag.current = { x: event.clientX, y: event.clientY, moved: false };
        canvas.current!.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove} onPointerUp={onPointerUp}
      onPointerCancel={() => { drag.current = null; }} onPointerLeave={hideTip}
      onDblClick={(event) => {
        const box = boxAt(event.clientX, event.clientY);
        if (box) props.onZoom(box === layout.root ? undefined : box.key);
      }}>
      <canvas ref={canvas} aria-hidden="true" />
      <div class="flame-space" aria-hidden="true" style={{ height: `${tall}px` }} />
    </div>
    <div class="flame-tip" ref={tip} hidden aria-hidden="true" />
    <p class="visually-hidden" aria-live="polite">{selected ? format.shorten(props.describe(selected), 400) : ''}</p>
  </div>;
}

export const kFlameHues = 8;

/** Tints of Okabe and Ito's colours: distinct for all eyes, and text on them is readable. */
const light = ['#a9d3ee', '#f6d58f', '#a5dcc8', '#ecc3db', '#f3bd98', '#f4ee9d', '#9fc0dc', '#d9d7d1'];
const darkness = ['#1f5f86', '#76560f', '#14634c', '#7a3d62', '#84401a', '#66611f', '#35507e', '#4c4f55'];
const kShades = 3;

function shaded(colours: readonly string[], towards: number): readonly (readonly string[])[] {
  return colours.map((text) => Array.from({ length: kShades }, (_, shade) => {
    const parts = [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));
    return `rgb(${parts.map((part) => Math.round(part + (towards - part) * 0.11 * shade)).join(' ')})`;
  }));
}

const lightShades = shaded(light, 255);
const darkShades = shaded(darkness, 0);

/** One hue for a module; its shade only tells neighbours apart. */
export function hue(index: number, dark: boolean, name = ''): string {
  const shade = (name.length + name.charCodeAt(name.length >> 1)) % kShades || 0;
  return (dark ? darkShades : lightShades)[index % kFlameHues]![shade]!;
}
