import { useEffect, useRef } from 'preact/hooks';
import { request, useAnswer, type Recording } from '../answers';
import type { Summary } from '../rows';
import { announce } from './announce';

/** Whether the program still runs, and for those who watched it that it no longer does. */
export function LiveBadge({ recording }: { recording: Recording }) {
  const watched = useRef(false);
  const ended = watched.current && !recording.live;
  if (recording.live) watched.current = true;
  const summary = useAnswer<Summary>(ended ? request('summary') : null);
  const how = summary.data ? `: ${summary.data.exit.text}` : '';
  useEffect(() => { if (ended) announce('The program has ended. The page shows its last figures.'); }, [ended]);
  if (recording.live) return <span class="live-badge">running</span>;
  return ended ? <span class="ended-badge">ended{how}</span> : null;
}
