import { isStatic, request, useAnswer, type Request } from '../answers';
import { useFilters, type Taken, siteFilters } from '../filters';
import { useParam } from '../router';
import type { More } from './table';
import type { SiteRow } from '../rows';

/** Rows that are asked for at first; the static page holds these. */
export const kRows = 100;

const kMostRows = 100_000;

export function useLimit(): { limit: number; more: (have: number) => More } {
  const [asked, setAsked] = useParam('limit');
  const limit = isStatic() ? kRows : Math.min(kMostRows, Number(asked) || kRows);
  return {
    limit,
    more: (have) => have < limit || limit >= kMostRows ? undefined : isStatic() ? 'not held' : () => setAsked(String(limit * 5)),
  };
}

type Options = Parameters<typeof request>[1];

export function useSites(report: string, options: Options = {}, taken: Taken = siteFilters) {
  const filters = useFilters(taken);
  const { limit, more } = useLimit();
  const answer = useAnswer<SiteRow[]>(request(report, { ...options, ...filters, limit }));
  return { answer, more: more(answer.data?.length ?? 0) };
}

export function sitesRequest(report: string, options: Options = {}): Request {
  return request(report, { ...options, limit: kRows });
}
