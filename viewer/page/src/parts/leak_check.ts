import * as format from '../format';
import type { Summary } from '../rows';

export function isChecked(summary: Summary): boolean {
  return summary.leak_check['state'] === 'complete';
}

/** The moment of a check that somebody asked for while the program ran; undefined: it is of the end, or there is none. */
export function askedForAt(summary: Summary): string | undefined {
  return isChecked(summary) && summary.leak_check['at_end'] === false ? format.seconds(Number(summary.leak_check['seconds'])) : undefined;
}
