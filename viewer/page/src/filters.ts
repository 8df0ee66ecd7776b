import { isStatic, type Recording } from './answers';
import { useRecordingFacts } from './recording';
import { usePlace } from './router';

export const filterNames = ['function', 'module', 'thread', 'section', 'from', 'to'] as const;
export type FilterName = (typeof filterNames)[number];
export type Filters = Partial<Record<FilterName, string>>;

type Params = Readonly<Record<string, string>>;
/** What a report can be narrowed by, which may depend on what else is asked of it. */
export type Taken = readonly FilterName[] | ((params: Params, recording: Recording | null) => readonly FilterName[]);

export const siteFilters: readonly FilterName[] = filterNames;
/** Of reports that know nothing of parts of the run. */
export const untimedFilters: readonly FilterName[] = ['function', 'module', 'thread', 'section'];
/** Of reports that know stacks only. */
export const stackFilters: readonly FilterName[] = ['function', 'module'];

export const filterTitles: Record<FilterName, string> = {
  function: 'Function',
  module: 'Module',
  thread: 'Thread',
  section: 'Section',
  from: 'From',
  to: 'To',
};

export function hasWindow(params: Params): boolean {
  return Boolean(params['from'] || params['to']);
}

/** What threads and sections did is not recorded over time, and one file answers nothing that it does not hold. */
export function takenOf(taken: Taken | undefined, params: Params, recording: Recording | null): readonly FilterName[] {
  if (isStatic()) return [];
  const names = typeof taken === 'function' ? taken(params, recording) : taken ?? [];
  const timed = names.includes('from') && hasWindow(params);
  return timed ? names.filter((name) => name !== 'thread' && name !== 'section') : names;
}

/** The filters that are set and that a report takes, as its options. */
export function useFilters(taken: Taken): Filters {
  const { params } = usePlace();
  const recording = useRecordingFacts();
  const filters: Filters = {};
  for (const name of takenOf(taken, params, recording)) if (params[name]) filters[name] = params[name];
  return filters;
}

/** A POSIX expression that finds this name. */
export function literally(name: string): string {
  return name.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

export function exactly(name: string): string {
  return `^${literally(name)}$`;
}

/** The name that such an expression finds. */
export function plainly(expression: string): string {
  return expression.replace(/^\^/, '').replace(/([^\\])\$$/, '$1').replace(/\\(.)/g, '$1');
}

/** What leads to a function's stacks: a filter, or in one file, which has no answer to that, the search in what it holds. */
export function toFunction(expression: string): Readonly<Record<string, string>> {
  return isStatic() ? { q: plainly(expression) } : { function: expression };
}

/** A moment as the reports take it, never later than it is: there is nothing behind the end. */
export function moment(seconds: number): string {
  const scale = seconds < 1 ? 1e6 : 1e3;
  return `${Math.floor(seconds * scale + 1e-6) / scale}s`;
}

/** A moment that is a time; labels of snapshots are none. */
export function secondsOf(text: string | undefined): number | undefined {
  return text && /^\d+(\.\d*)?\s*s?$/.test(text) ? Number.parseFloat(text) : undefined;
}
