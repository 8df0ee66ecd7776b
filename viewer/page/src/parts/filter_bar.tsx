import { useEffect, useId, useState } from 'preact/hooks';
import { isStatic, request, useAnswer, type Request } from '../answers';
import { filterNames, filterTitles, hasWindow, takenOf, type FilterName } from '../filters';
import { change, usePlace } from '../router';
import { shorten } from '../format';
import { useRecordingFacts } from '../recording';
import type { View } from '../views';
import { useAnnounced } from './announce';

const typed: readonly FilterName[] = ['function', 'module', 'thread', 'section'];
const hints: Record<string, string> = {
  function: 'regular expression',
  module: 'regular expression',
  thread: 'name, TID or #id',
  section: 'name or path',
};

interface Known { readonly value: string; readonly label: string }

const kMostKnown = 200;
const kThreads = `SELECT id, tid, name, count(*) OVER (PARTITION BY name) AS namesakes FROM thread ORDER BY allocations DESC LIMIT ${kMostKnown}`;

function knownThreads(rows: readonly { id: number; tid: number; name: string; namesakes: number }[]): Known[] {
  return rows.map(({ id, tid, name, namesakes }) => ({ value: name && namesakes === 1 && !/^\d/.test(name) ? name : `#${id}`,
    label: `${shorten(name || 'no name', 40)}, TID ${tid}` }));
}

function knownSections(rows: readonly { section: string }[]): Known[] {
  return [...new Set(rows.map((row) => row.section))].slice(0, kMostKnown).map((value) => ({ value, label: value }));
}

const lists: Partial<Record<FilterName, { readonly asked: Request; readonly read: (rows: never) => Known[] }>> = {
  thread: { asked: request('query', { sql: kThreads }), read: knownThreads },
  section: { asked: request('sections'), read: knownSections },
};

/** What this recording has to choose from. */
function useKnown(name: FilterName): readonly Known[] {
  const list = lists[name];
  const { data } = useAnswer<never>(list?.asked ?? null);
  return list && Array.isArray(data) ? list.read(data as never) : [];
}

function Field({ name, value }: { name: FilterName; value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const known = useKnown(name);
  const id = useId();
  const commit = () => { if (text !== value) change({ [name]: text || undefined }, 'step'); };
  return <label class="field"><span>{filterTitles[name]}</span>
    <input type="text" value={text} placeholder={hints[name]} autocomplete="off" spellcheck={false} dir="auto" id={`filter-${name}`}
      list={known.length > 0 ? id : undefined}
      onInput={(event) => setText(event.currentTarget.value)} onBlur={commit}
      onKeyDown={(event) => { if (event.key === 'Enter') commit(); }} />
    {known.length > 0 && <datalist id={id}>{known.map((one) => <option key={one.value} value={one.value} label={one.label} />)}</datalist>}
  </label>;
}

function whyIdle(name: FilterName, params: Readonly<Record<string, string>>): string {
  if (isStatic()) return 'not in this file';
  return hasWindow(params) && (name === 'thread' || name === 'section') ? 'not with a time window' : 'not for this report';
}

/** What had the focus is gone with its filter: it goes to what is left of them, or to the heading. */
function keepFocus(): void {
  requestAnimationFrame(() => (document.querySelector<HTMLElement>('.chip button, .filters summary') ?? document.querySelector<HTMLElement>('h1'))?.focus());
}

/** What the report is narrowed to; what it cannot be narrowed to is said. */
export function FilterBar({ view }: { view: View }) {
  const { params } = usePlace();
  const taken = takenOf(view.filters, params, useRecordingFacts());
  const set = filterNames.filter((name) => params[name]);
  const [unfolded, unfold] = useState(false);
  const inWords = set.filter((name) => taken.includes(name)).map((name) => `${filterTitles[name]} ${shorten(params[name]!, 60)}`);
  useAnnounced(inWords.length > 0 ? `Only ${inWords.join(', ')}` : 'No filter');
  if (taken.length === 0 && set.length === 0) return null;
  const drop = (names: readonly FilterName[]) => {
    change(Object.fromEntries(names.map((name) => [name, undefined])), 'step');
    keepFocus();
  };
  const inputs = typed.filter((name) => taken.includes(name));
  const chips = set.map((name) => <li key={name} class={taken.includes(name) ? 'chip' : 'chip idle'}>
    <span class="chip-name">{filterTitles[name]}</span> <bdi>{shorten(params[name]!, 60)}</bdi>
    {!taken.includes(name) && <span class="muted"> ({whyIdle(name, params)})</span>}
    <button type="button" aria-label={`Drop the filter ${filterTitles[name]}`} onClick={() => drop([name])}>×</button>
  </li>);
  return <section class="filters" aria-label="Filters">
    {set.length > 0 && <ul class="chips" aria-label="Filters that are set">{chips}
      {set.length > 1 && <li><button type="button" class="quiet" onClick={() => drop(set)}>Drop all</button></li>}
    </ul>}
    {inputs.length > 0 && <details open={unfolded} onToggle={(event) => unfold(event.currentTarget.open)}>
      <summary>Filter</summary>
      {unfolded && <div class="fields">{inputs.map((name) => <Field key={name} name={name} value={params[name] ?? ''} />)}</div>}
    </details>}
  </section>;
}

export function Search({ label = 'Find' }: { label?: string }) {
  const { params } = usePlace();
  return <label class="search"><span class="visually-hidden">{label}</span>
    <input id="search" type="search" value={params['q'] ?? ''} placeholder={`${label}  /`} autocomplete="off" spellcheck={false}
      dir="auto" onInput={(event) => change({ q: event.currentTarget.value || undefined })} /></label>;
}
