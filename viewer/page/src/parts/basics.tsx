import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isHeld, request, type Asked } from '../answers';
import * as format from '../format';
import { change, linkWithFilters, usePlace } from '../router';
import { exactly, toFunction } from '../filters';
import type { Blamed, Frame } from '../rows';

/** A name of the program's: any text at all, of any length, in any direction. */
export function Name({ text, most = 160 }: { text: string; most?: number }) {
  return <bdi class="name" title={text.length > 60 ? format.shorten(text, 1000) : undefined}>
    {format.shorten(text, most)}
  </bdi>;
}

export function Function({ text, most = 120 }: { text: string; most?: number }) {
  return <bdi class="name" title={format.shorten(text, 1000)}>{format.shorten(format.shortName(text), most)}</bdi>;
}

export function Place({ row }: { row: { file: string; line: number; module?: string } }) {
  const text = row.file ? `${format.lastPart(row.file)}${row.line > 0 ? `:${row.line}` : ''}`
    : format.lastPart(row.module ?? '');
  if (!text) return null;
  return <bdi class="place" title={format.shorten(row.file || row.module || '', 500)}>{format.shorten(text, 60)}</bdi>;
}

/** The place in a file, leading to its lines. */
export function SourcePlace({ row }: { row: { file: string; line: number; module?: string } }) {
  if (!row.file || row.line <= 0 || !isHeld(request('source', { file: row.file }))) return <Place row={row} />;
  return <a class="source-place" href={linkWithFilters('source', { file: row.file, line: String(row.line) })}><Place row={row} /></a>;
}

export function FunctionCell({ row }: { row: Blamed }) {
  return <span class="function-cell"><Function text={row.function} /> <Place row={row} /></span>;
}

const kCallers = 4;
const kStartup = /^(_start|__libc_start\w*|start_thread|__?clone3?)$/;

/** The nearest callers of the blamed frame: sites of one function are told apart by them. */
function callersOf(row: Blamed & { stack: readonly Frame[] }): string[] {
  const blamed = row.stack.findIndex((frame) => frame.function === row.function && frame.line === row.line);
  const names: string[] = [];
  for (const frame of row.stack.slice(blamed + 1)) {
    const name = format.shorten(format.shortName(frame.function), 48);
    if (names[names.length - 1] === name) continue;
    if (names.length === kCallers) return [...names, '…'];
    if (!kStartup.test(frame.function)) names.push(name);
  }
  return names;
}

export function SiteCell({ row }: { row: Blamed & { stack?: readonly Frame[] } }) {
  const callers = row.stack ? callersOf({ ...row, stack: row.stack }) : [];
  return <span class="site-cell"><FunctionCell row={row} />
    {callers.length > 0 && <small class="callers"><span class="visually-hidden">called from </span>{callers.map((name, i) => <span key={i}> ← <bdi>{name}</bdi></span>)}</small>}</span>;
}

export function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return <div class="notes" role="note">
    {notes.map((note) => <p key={note}><bdi>{format.shorten(note, 2000)}</bdi></p>)}
  </div>;
}

/** As the command line says it behind its name, with a capital letter. */
function sentence(text: string): string {
  return /^[a-z]+ /.test(text) ? `${text[0]!.toUpperCase()}${text.slice(1)}` : text;
}

/** An answer, or why there is none; what was there before stays while the next is awaited. */
export function Shown<Data>({ answer, children, quiet = false, isTold = () => true }:
    { answer: Asked<Data>; children: (data: Data) => ComponentChildren; quiet?: boolean; isTold?: (note: string) => boolean }) {
  const { params } = usePlace();
  if (answer.error !== undefined) {
    if (quiet) return null;
    const window = params['from'] || params['to'];
    const filtered = params['function'] || params['module'] || params['thread'] || params['section'];
    return <div class="problem" role="alert">
      <p><bdi>{sentence(answer.error)}</bdi></p>
      {window && <button type="button" onClick={() => change({ from: undefined, to: undefined })}>
        Drop the time window</button>}
      {filtered && <button type="button" onClick={() =>
        change({ function: undefined, module: undefined, thread: undefined, section: undefined })}>
        Drop the filters</button>}
    </div>;
  }
  if (answer.data === undefined) {
    return quiet || !answer.pending ? null : <div class="waiting" role="status"><span class="visually-hidden">Asking…</span></div>;
  }
  return <div class={answer.pending ? 'shown again' : 'shown'} aria-busy={answer.pending}>
    {!quiet && <Notes notes={answer.notes.filter(isTold)} />}
    {children(answer.data)}
  </div>;
}

export function Lead({ children }: { children: ComponentChildren }) {
  return <p class="lead">{children}</p>;
}

/** What the figures come to, and what to do. */
export function Verdict({ children, tone = 'plain' }: { children: ComponentChildren; tone?: 'plain' | 'good' | 'warn' }) {
  return <p class={`verdict ${tone}`}>{children}</p>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export interface Figure {
  readonly title: string;
  readonly value: ComponentChildren;
  readonly more?: ComponentChildren;
}

export function Figures({ figures }: { figures: readonly Figure[] }) {
  return <dl class="figures">
    {figures.map((figure) => <div key={figure.title}>
      <dt>{figure.title}</dt>
      <dd>{figure.value}{figure.more !== undefined && <small>{figure.more}</small>}</dd>
    </div>)}
  </dl>;
}

export interface Option {
  readonly value: string;
  readonly title: string;
}

export function Choice({ label, options, value, onChange }:
    { label: string; options: readonly Option[]; value: string; onChange: (value: string) => void }) {
  return <fieldset class="choice">
    <legend>{label}</legend>
    <div class="segments">
      {options.map((option) => <label key={option.value} class={option.value === value ? 'chosen' : ''}>
        <input type="radio" name={label} value={option.value} checked={option.value === value}
          onChange={() => onChange(option.value)} />
        <span>{option.title}</span>
      </label>)}
    </div>
  </fieldset>;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function stackText(stack: readonly Frame[]): string {
  return stack.map((frame) => {
    const place = frame.file ? ` (${frame.file}${frame.line > 0 ? `:${frame.line}` : ''})` : '';
    return `${frame.function}${place}${frame.module ? ` ${frame.module}` : ''}`;
  }).join('\n');
}

const kSaidMs = 3000;

/** A sentence that goes again by itself. */
export function useSaid(): [string, (text: string) => void] {
  const [text, say] = useState('');
  useEffect(() => {
    const timer = text ? window.setTimeout(() => say(''), kSaidMs) : 0;
    return () => clearTimeout(timer);
  }, [text]);
  return [text, say];
}

/** What came of it, in words. */
export async function copyStack(stack: readonly Frame[]): Promise<string> {
  if (stack.length === 0) return 'Select a frame first: nothing is copied.';
  return (await copyText(stackText(stack))) ? 'The stack is copied.' : 'The browser refused to copy.';
}

export function CopyButton({ text, title = 'Copy stack' }: { text: () => string; title?: string }) {
  const [done, setDone] = useState('');
  const copy = async () => {
    setDone((await copyText(text())) ? 'Copied' : 'The browser refused');
    setTimeout(() => setDone(''), 1500);
  };
  return <button type="button" class="quiet" onClick={() => void copy()}><span aria-live="polite">{done || title}</span></button>;
}

const kFirstFrames = 25;

export function StackList({ stack, title = 'Call stack, innermost first' }:
    { stack: readonly Frame[]; title?: string }) {
  const [all, setAll] = useState(false);
  if (stack.length === 0) return <Empty>No stack is known.</Empty>;
  const shown = all ? stack : stack.slice(0, kFirstFrames);
  return <div class="stack">
    <div class="stack-head"><h2 class="minor">{title}</h2><CopyButton text={() => stackText(stack)} /></div>
    <ol>
      {shown.map((frame, i) => <li key={i} class={frame.inlined ? 'inlined' : ''}>
        <a href={linkWithFilters('flame', toFunction(exactly(frame.function.slice(0, 500))))}
          title={format.shorten(frame.function, 1000)}>
          <bdi>{format.shorten(frame.function, 220)}</bdi></a>
        {frame.inlined && <span class="tag">inlined</span>}
        {' '}<SourcePlace row={frame} />
      </li>)}
    </ol>
    {stack.length > shown.length && <button type="button" class="quiet" onClick={() => setAll(true)}>
      {format.plural(stack.length - shown.length, 'more frame')}</button>}
  </div>;
}

export function Bar({ share, tone = 'accent' }: { share: number; tone?: string }) {
  const width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return <span class="bar" aria-hidden="true">{share > 0 && <span class={`bar-fill ${tone}`} style={{ width }} />}</span>;
}

/** A series as a line without axes; the figures stand beside it. */
export function Sparkline({ values, width = 120, height = 28 }:
    { values: readonly number[]; width?: number; height?: number }) {
  if (values.length < 2) return null;
  const most = Math.max(...values, 1);
  const points = values.map((value, i) =>
    `${((i / (values.length - 1)) * width).toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`);
  return <svg class="sparkline" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img"
    aria-label={`live over time: ${format.bytes(values[0]!)} at the start, at most ${format.bytes(Math.max(...values))}, ${format.bytes(values[values.length - 1]!)} at the end`}>
    <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
    <polyline points={points.join(' ')} />
  </svg>;
}

export function withError(text: string, error: number | undefined, write: (value: number) => string) {
  return error ? <>{text} <small class="error">± {write(error)}</small></> : text;
}
