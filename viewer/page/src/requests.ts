import { keyOf, type Request } from './answers';
import { views } from './views';

/** What one would miss least comes last: the static page holds only so many bytes. */
function weight(request: Request): number {
  const option = (name: string) => request.options.find(([given]) => given === name)?.[1];
  if (option('group') === 'stack') return 3;
  if (option('tree') !== undefined) return option('by') === 'bytes' ? 1 : 2;
  return 0;
}

/** What the static page must hold, as keys of its answers; each once. */
export function allRequests(): string[] {
  const requests = views.flatMap((view) => view.staticRequests?.() ?? []);
  return [...new Set(requests.sort((a, b) => weight(a) - weight(b)).map(keyOf))];
}
