import type { ComponentType } from 'preact';
import { modules } from 'virtual:views';
import type { Recording, Request } from './answers';
import type { Taken } from './filters';

export type Group = 'Overview' | 'Where' | 'Over time' | 'What to mend' | 'Compare' | 'The recording';

/** What a file in views/ exports. */
export interface View {
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  /** Place within the group. */
  readonly order: number;
  /** The letter after g that leads here. */
  readonly letter: string;
  readonly filters?: Taken;
  readonly staticRequests?: () => readonly Request[];
  /** Of the first rows of an answer, a request each that the static page holds too. */
  readonly staticEach?: { readonly of: Request; readonly report: string; readonly option: string; readonly most: number; readonly most_bytes: number };
  /** What brings it about where the recording has nothing for this view: short enough for the menu. */
  readonly remedy?: string;
  /** Otherwise: if the server says so of the report of this name. */
  readonly isLacking?: (recording: Recording) => boolean;
  readonly component: ComponentType;
}

const groups: readonly Group[] =
  ['Overview', 'Where', 'Over time', 'What to mend', 'Compare', 'The recording'];

export const views: readonly View[] = [...modules].sort(
  (a, b) => groups.indexOf(a.group) - groups.indexOf(b.group) || a.order - b.order);

export function isLacking(view: View, recording: Recording): boolean {
  return view.isLacking ? view.isLacking(recording) : recording.lacks.includes(view.id);
}
