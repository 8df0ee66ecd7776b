import { useEffect, useRef } from 'preact/hooks';
import type { View } from '../views';

export function Keys({ views, onClose }: { views: readonly View[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const general: readonly (readonly [string, string])[] = [
    ['/', 'search'],
    ['?', 'these keys'],
    ['Esc', 'close, leave a field, zoom out'],
    ['↑ ↓ Home End', 'rows of a table, once it has the focus'],
    ['→ ←', 'open and close a row'],
  ];
  const graph: readonly (readonly [string, string])[] = [
    ['↑ ↓ ← →', 'callers, callees, neighbours'],
    ['Enter', 'zoom in'],
    ['Backspace', 'zoom out'],
    ['+ −', 'wider, narrower'],
    ['[ ]', 'to the left, to the right'],
    ['f', 'only stacks with this function'],
    ['c', 'copy the stack'],
  ];
  const list = (keys: readonly (readonly [string, string])[]) => <dl>{keys.map(([key, what]) =>
    <div key={key + what}><dt>{key.split(' ').map((part) => <kbd key={part}>{part}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>;
  return <dialog ref={dialog} class="keys" aria-labelledby="keys-title" onClose={onClose}
    onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
    <div class="keys-head"><h2 id="keys-title">Keys</h2>
      <button type="button" class="quiet" onClick={() => dialog.current?.close()}>Close</button></div>
    <div class="keys-columns">
      <section><h3>Everywhere</h3>{list(general)}<h3>Flame graph</h3>{list(graph)}</section>
      <section><h3>Go to</h3>{list(views.map((view) => [`g ${view.letter}`, view.title] as const))}</section>
    </div>
  </dialog>;
}
