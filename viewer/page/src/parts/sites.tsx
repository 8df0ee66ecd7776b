import { isStatic, request, useAnswer, type Request } from '../answers';
import { useFilters, type FilterName, siteFilters } from '../filters';
import { useParam } from '../router';
import type { SiteRow } from '../rows';

/** Rows that are asked for at first; the static page holds these. */
export const kRows = 100;

export function useLimit(): { limit: number; more: (have: number) => (() => void) | undefined } {
  const [asked, setAsked] = useParam('limit');
  const limit = Number(asked) || kRows;
  return {
    limit,
    more: (have) => have < limit || isStatic() || limit >= 100_000 ? undefined
      : () => setAsked(String(limit * 5)),
  };
}

type Options = Parameters<typeof request>[1];

export function useSites(report: string, options: Options = {}, taken: readonly FilterName[] = siteFilters) {
  const filters = useFilters(taken);
  const { limit, more } = useLimit();
  const answer = useAnswer<SiteRow[]>(request(report, { ...options, ...filters, limit }));
  return { answer, more: more(answer.data?.length ?? 0) };
}

export function sitesRequest(report: string, options: Options = {}): Request {
  return request(report, { ...options, limit: kRows });
}
