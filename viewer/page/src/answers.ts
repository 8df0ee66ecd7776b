import { useEffect, useRef, useState } from 'preact/hooks';

export interface Request {
  readonly report: string;
  readonly options: readonly (readonly [name: string, value: string])[];
}

type OptionValue = string | number | boolean | undefined;

export function request(report: string, options: Readonly<Record<string, OptionValue>> = {}): Request {
  const given: [string, string][] = [];
  for (const name of Object.keys(options).sort()) {
    const value = options[name];
    if (value !== undefined && value !== '' && value !== false) given.push([name, String(value)]);
  }
  return { report, options: given };
}

export function keyOf(asked: Request): string {
  const query = new URLSearchParams(asked.options.map(([name, value]) => [name, value])).toString();
  return query ? `${asked.report}?${query}` : asked.report;
}

export interface Answer {
  readonly data: unknown;
  readonly notes: readonly string[];
  readonly status: number;
}

export interface Recording {
  readonly path: string;
  readonly other: string | null;
  readonly baseline: string | null;
  readonly version: string;
  readonly live: boolean;
  /** Reports that have nothing to tell of it. */
  readonly lacks: readonly string[];
}

interface Embedded {
  readonly recording: Recording;
  readonly answers: Readonly<Record<string, Answer | { error: string }>>;
  readonly left_out?: readonly string[];
}

/** What a terminal would not print either: it can reverse and hide what stands around it. */
const kForeign = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

function printable(text: string): string {
  return text.replace(kForeign, '\ufffd');
}

/** A whole number beyond those that a browser counts with stays the digits that it is. */
function exact(value: number, source: string | undefined): number | string {
  return Number.isSafeInteger(value) || !source || !/^-?\d+$/.test(source) ? value : source;
}

function revived(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'string') return printable(value);
  return typeof value === 'number' ? exact(value, context?.source) : value;
}

/** Names are whatever a program's authors, or a recording's, put there. */
function parsed(text: string): unknown {
  const suspect = text.search(kForeign) >= 0 || /\\u(00[0189]|20[2-6])|\d{16}/i.test(text);
  return JSON.parse(text, suspect ? revived as (key: string, value: unknown) => unknown : undefined);
}

let embedded: Embedded | null | undefined;

function held(): Embedded | null {
  if (embedded === undefined) {
    const text = typeof document === 'undefined' ? null
      : document.getElementById('heapscribe-answers')?.textContent;
    embedded = text && text.trim() !== 'null' ? (parsed(text) as Embedded) : null;
  }
  return embedded;
}

export function isStatic(): boolean {
  return held() !== null;
}

export function leftOut(): readonly string[] {
  return held()?.left_out ?? [];
}

/** Whether there can be an answer to this: one file has only those that it holds. */
export function isHeld(asked: Request): boolean {
  const answers = held();
  return answers === null || keyOf(asked) in answers.answers;
}

function apiAddress(path: string): string {
  const folder = location.pathname.endsWith('/') ? location.pathname : `${location.pathname}/`;
  return `${folder}api/${path}`;
}

async function fromServer(path: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(apiAddress(path), { cache: 'no-store' });
  } catch {
    throw new Error('The server of this page does not answer; it ends with heapscribe view. Start that again, and open the address that it prints.');
  }
  let body: unknown;
  try {
    body = parsed(await response.text());
  } catch {
    throw new Error(`The server answered with status ${response.status} and no report.`);
  }
  const error = (body as { error?: unknown }).error;
  if (typeof error === 'string') throw new Error(error);
  if (!response.ok) throw new Error(`The server answered with status ${response.status}.`);
  return body;
}

export async function askRecording(): Promise<Recording> {
  const answers = held();
  return answers ? { ...answers.recording, live: false } : ((await fromServer('recording')) as Recording);
}

function fromPage(answers: Embedded, key: string): Answer {
  const answer = answers.answers[key] ?? answers.answers[`${key}?`];
  if (!answer) {
    throw new Error('This page is one file and does not hold the answer to that. To ask anything: heapscribe view ' +
      `${answers.recording.path}`);
  }
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

const kMostKept = 60;
const answered = new Map<string, Promise<Answer>>();
let epoch = 0;
const epochListeners = new Set<() => void>();

export function ask(asked: Request): Promise<Answer> {
  const key = keyOf(asked);
  const known = answered.get(key);
  if (known) return known;
  const answers = held();
  const answer = answers ? Promise.resolve().then(() => fromPage(answers, key))
    : (fromServer(key) as Promise<Answer>);
  answered.set(key, answer);
  answer.catch(() => answered.delete(key));
  for (const old of answered.keys()) {
    if (answered.size <= kMostKept) break;
    answered.delete(old);
  }
  return answer;
}

/** What is shown is asked again, and stays until the new answer is there. */
export function refresh(): void {
  answered.clear();
  ++epoch;
  epochListeners.forEach((listener) => listener());
}

export interface Asked<Data> {
  readonly data: Data | undefined;
  readonly notes: readonly string[];
  readonly error: string | undefined;
  readonly pending: boolean;
}

const kNothing: Asked<never> = { data: undefined, notes: [], error: undefined, pending: true };

export function useAnswer<Data>(asked: Request | null): Asked<Data> {
  const key = asked ? keyOf(asked) : '';
  const [state, setState] = useState<Asked<Data> & { key: string }>({ ...kNothing, key });
  const [seen, setSeen] = useState(epoch);
  const latest = useRef(asked);
  latest.current = asked;
  useEffect(() => {
    const listener = () => setSeen(epoch);
    epochListeners.add(listener);
    return () => void epochListeners.delete(listener);
  }, []);
  useEffect(() => {
    if (!latest.current) return undefined;
    let wanted = true;
    setState((old) => ({ ...old, pending: true }));
    ask(latest.current).then(
      (answer) => {
        if (!wanted) return;
        const inside = (answer.data as { notes?: unknown } | null)?.notes;
        const notes = [...answer.notes, ...(Array.isArray(inside) ? (inside as string[]) : [])];
        setState({ data: answer.data as Data, notes: [...new Set(notes)], error: undefined, pending: false, key });
      },
      (error: unknown) => {
        if (!wanted) return;
        setState({ data: undefined, notes: [], pending: false, key,
          error: error instanceof Error ? error.message : String(error) });
      });
    return () => { wanted = false; };
  }, [key, seen]);
  if (!asked) return { ...kNothing, pending: false };
  return state.key === key || state.data !== undefined ? state : kNothing;
}
