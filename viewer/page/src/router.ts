import { useEffect, useState } from 'preact/hooks';
import { filterNames } from './filters';

/** Everything that is to be restored from a link. */
export interface Place {
  readonly view: string;
  readonly params: Readonly<Record<string, string>>;
}

type Changes = Readonly<Record<string, string | undefined>>;

export function parse(hash: string): Place {
  const text = hash.replace(/^#?\/?/, '');
  const at = text.indexOf('?');
  const view = at < 0 ? text : text.slice(0, at);
  const params: Record<string, string> = {};
  if (at >= 0) for (const [key, value] of new URLSearchParams(text.slice(at + 1))) params[key] = value;
  return { view: view || 'overview', params };
}

export function linkTo(view: string, params: Changes = {}): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(params).sort()) {
    const value = params[key];
    if (value !== undefined && value !== '') query.set(key, value);
  }
  const text = query.toString();
  return `#/${view}${text ? `?${text}` : ''}`;
}

function kept(params: Place['params']): Record<string, string> {
  return Object.fromEntries(Object.entries(params).filter(([key]) => filterNames.includes(key as never)));
}

/** Another view with the filters that are set here. */
export function linkWithFilters(view: string, params: Changes = {}): string {
  return linkTo(view, { ...kept(here().params), ...params });
}

export function here(): Place {
  return parse(typeof location === 'undefined' ? '' : location.hash);
}

const listeners = new Set<() => void>();
if (typeof window !== 'undefined') {
  window.addEventListener('hashchange', () => listeners.forEach((listener) => listener()));
}

/** `step`: the browser's back button returns to what was before. */
export function change(changes: Changes, how: 'step' | 'replace' = 'replace'): void {
  const place = here();
  const hash = linkTo(place.view, { ...place.params, ...changes });
  if (hash === location.hash) return;
  if (how === 'step') history.pushState(null, '', hash);
  else history.replaceState(null, '', hash);
  listeners.forEach((listener) => listener());
}

export function go(link: string): void {
  location.hash = link;
}

export function usePlace(): Place {
  const [, update] = useState(0);
  useEffect(() => {
    const listener = () => update((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return here();
}

export function useParam(name: string, otherwise = ''): [string, (value: string | undefined) => void] {
  const place = usePlace();
  return [place.params[name] ?? otherwise,
    (value) => change({ [name]: value === otherwise ? undefined : value })];
}
