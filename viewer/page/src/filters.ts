import { usePlace } from './router';

export const filterNames = ['function', 'module', 'thread', 'section', 'from', 'to'] as const;
export type FilterName = (typeof filterNames)[number];
export type Filters = Partial<Record<FilterName, string>>;

export const siteFilters: readonly FilterName[] = filterNames;

export const filterTitles: Record<FilterName, string> = {
  function: 'Function',
  module: 'Module',
  thread: 'Thread',
  section: 'Section',
  from: 'From',
  to: 'To',
};

export function filtersOf(params: Readonly<Record<string, string>>, taken: readonly FilterName[]): Filters {
  const filters: Filters = {};
  for (const name of taken) if (params[name]) filters[name] = params[name];
  return filters;
}

/** The filters that are set and that a report takes, as its options. */
export function useFilters(taken: readonly FilterName[]): Filters {
  return filtersOf(usePlace().params, taken);
}

/** A POSIX expression that finds this name. */
export function literally(name: string): string {
  return name.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

export function exactly(name: string): string {
  return `^${literally(name)}$`;
}

/** A moment as the reports take it. */
export function moment(seconds: number): string {
  return `${Number(seconds.toFixed(seconds < 1 ? 6 : 3))}s`;
}
