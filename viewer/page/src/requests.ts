import { keyOf } from './answers';
import { views } from './views';

/** What the static page must hold, as keys of its answers; each once. */
export function allRequests(): string[] {
  const keys = views.flatMap((view) => (view.staticRequests?.() ?? []).map(keyOf));
  return [...new Set(keys)];
}
