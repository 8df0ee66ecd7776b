import type { Recording } from '../answers';
import type { View } from '../views';

/** Two recordings are given for Compare; whatever else is shown is of the first. */
export function Which({ view, recording }: { view: View; recording: Recording | null }) {
  if (!recording?.other || view.group === 'Compare') return null;
  return <p class="which muted">This is the first recording, <bdi>{recording.path}</bdi>. To see the second: <code>heapscribe view {recording.other}</code></p>;
}
