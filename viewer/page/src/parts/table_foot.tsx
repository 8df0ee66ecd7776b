import { literally, takenOf } from '../filters';
import * as format from '../format';
import { useRecordingFacts } from '../recording';
import { change, usePlace } from '../router';
import { views } from '../views';
import { useAnnounced } from './announce';
import type { More } from './table';

interface Props {
  /** That are here, that contain what is searched, and that are shown. */
  readonly here: number;
  readonly found: number;
  readonly shown: number;
  readonly query: string;
  readonly more: More;
  readonly page: number;
  readonly onShow: (rows: number) => void;
}

/** The search goes over the rows that are here, a filter over all. */
function SearchAll({ query }: { query: string }) {
  const { view, params } = usePlace();
  const taken = takenOf(views.find((candidate) => candidate.id === view)?.filters, params, useRecordingFacts());
  if (!taken.includes('function')) return null;
  return <button type="button" onClick={() => change({ function: literally(query), q: undefined, limit: undefined }, 'step')}>
    Search all places: filter by function “<bdi>{format.shorten(query, 40)}</bdi>”</button>;
}

/** Beyond the last row that is here there are others. */
function ofRows({ here, more }: Props): string {
  return more ? `the first ${format.plural(here, 'row')}` : format.plural(here, 'row');
}

function Sentence(props: Props) {
  const { here, found, shown, query, more, page } = props;
  if (query && found === 0) return <p class="empty">None of {ofRows(props)} contains “<bdi>{query}</bdi>”.</p>;
  const held = more === 'not held' ? '; this file holds no more' : '';
  if (query) return <span class="muted">{found === shown ? '' : `${format.count(shown)} of `}{format.count(found)} of {ofRows(props)} {found === 1 ? 'contains' : 'contain'} “<bdi>{query}</bdi>”</span>;
  if (here <= page && !more) return null;
  return <span class="muted">{shown === here && !more ? format.plural(here, 'row') : `${format.count(shown)} of ${ofRows(props)}${held}`}</span>;
}

/** How many rows these are of how many, and the way to the others. */
export function TableFoot(props: Props) {
  const { found, shown, query, more, page, onShow } = props;
  const step = Math.min(Math.max(page, 20), found - shown);
  useAnnounced(query ? `${format.count(found)} of ${ofRows(props)} contain ${format.shorten(query, 60)}` : '');
  return <div class="table-foot">
    {step > 0 && <button type="button" onClick={() => onShow(shown + step)}>Show {format.count(step)} more</button>}
    {step <= 0 && !query && typeof more === 'function' && <button type="button" onClick={() => {
      onShow(shown + 20);
      more();
    }}>Load more rows</button>}
    <Sentence {...props} />
    {query && more !== undefined && <SearchAll query={query} />}
  </div>;
}
