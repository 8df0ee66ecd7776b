import { leftOut } from '../answers';
import { useRecordingFacts } from '../recording';

/** What the page in one file holds and what not: its reader was not there when it was made. */
export function OneFile() {
  const path = useRecordingFacts()?.path;
  return <aside class="left-out" aria-label="What this file holds">
    <p>This page is one file. It holds the first 100 rows of each table and the 150 largest branches of each flame graph; Find searches those.
      Filters, time windows, other moments and SQL need the recording: <code>heapscribe view {path ?? 'DB'}</code>.</p>
    {leftOut().map((sentence) => <p key={sentence}>{sentence}</p>)}
  </aside>;
}
