import { useEffect, useState } from 'preact/hooks';
import { isStatic } from '../answers';
import { filterNames, filterTitles, type FilterName } from '../filters';
import { change, usePlace } from '../router';
import { shorten } from '../format';
import type { View } from '../views';

const typed: readonly FilterName[] = ['function', 'module', 'thread', 'section'];
const hints: Record<string, string> = {
  function: 'regular expression',
  module: 'regular expression',
  thread: 'name, TID or #id',
  section: 'name or path',
};

function Field({ name, value }: { name: FilterName; value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = () => { if (text !== value) change({ [name]: text || undefined }, 'step'); };
  return <label class="field"><span>{filterTitles[name]}</span>
    <input type="text" value={text} placeholder={hints[name]} autocomplete="off" spellcheck={false} dir="auto"
      onInput={(event) => setText(event.currentTarget.value)} onBlur={commit}
      onKeyDown={(event) => { if (event.key === 'Enter') commit(); }} />
  </label>;
}

/** What the report is narrowed to; what it cannot be narrowed to is said. */
export function FilterBar({ view }: { view: View }) {
  const { params } = usePlace();
  const taken = view.filters ?? [];
  const set = filterNames.filter((name) => params[name]);
  const [unfolded, unfold] = useState(false);
  if (taken.length === 0 && set.length === 0) return null;
  const inputs = typed.filter((name) => taken.includes(name));
  const chips = set.map((name) => <li key={name} class={taken.includes(name) ? 'chip' : 'chip idle'}>
    <span class="chip-name">{filterTitles[name]}</span> <bdi>{shorten(params[name]!, 60)}</bdi>
    {!taken.includes(name) && <span class="muted"> (not for this report)</span>}
    <button type="button" aria-label={`Drop the filter ${filterTitles[name]}`} onClick={() => change({ [name]: undefined }, 'step')}>×</button>
  </li>);
  return <section class="filters" aria-label="Filters">
    {set.length > 0 && <ul class="chips" aria-label="Filters that are set">{chips}
      {set.length > 1 && <li><button type="button" class="quiet" onClick={() =>
        change(Object.fromEntries(set.map((name) => [name, undefined])), 'step')}>Drop all</button></li>}
    </ul>}
    {inputs.length > 0 && !isStatic() && <details open={unfolded} onToggle={(event) => unfold(event.currentTarget.open)}>
      <summary>Filter</summary>
      <div class="fields">{inputs.map((name) => <Field key={name} name={name} value={params[name] ?? ''} />)}</div>
    </details>}
  </section>;
}

export function Search({ label = 'Find' }: { label?: string }) {
  const { params } = usePlace();
  return <label class="search"><span class="visually-hidden">{label}</span>
    <input id="search" type="search" value={params['q'] ?? ''} placeholder={`${label}  /`} autocomplete="off" spellcheck={false}
      dir="auto" onInput={(event) => change({ q: event.currentTarget.value || undefined })} /></label>;
}
