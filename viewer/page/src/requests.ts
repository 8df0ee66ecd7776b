import { keyOf, type Request } from './answers';
import { views } from './views';

/** What one would miss least comes last: the static page holds only so many bytes. */
function weight(request: Request): number {
  const option = (name: string) => request.options.find(([given]) => given === name)?.[1];
  if (option('group') === 'stack') return 3;
  if (option('tree') !== undefined) return option('by') === 'bytes' ? 1 : 2;
  return 0;
}

interface Each { readonly each: { readonly of: string; readonly report: string; readonly option: string; readonly most: number; readonly most_bytes: number } }

/** What the static page must hold, as keys of its answers; each once. */
export function allRequests(): (string | Each)[] {
  const requests = views.flatMap((view) => view.staticRequests?.() ?? []);
  const keys = [...new Set(requests.sort((a, b) => weight(a) - weight(b)).map(keyOf))];
  const each = views.flatMap((view) => view.staticEach ? [{ each: { ...view.staticEach, of: keyOf(view.staticEach.of) } }] : []);
  return [...keys, ...each];
}
