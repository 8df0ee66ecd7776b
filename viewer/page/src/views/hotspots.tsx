import * as format from '../format';
import { hasWindow, siteFilters, untimedFilters, useFilters, type Taken } from '../filters';
import { request } from '../answers';
import { Choice, Lead, Shown, withError } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { sitesRequest, useSites } from '../parts/sites';
import { functionColumn, shareColumn, SiteTable } from '../parts/site_table';
import { columnOf, type Column } from '../parts/table';
import { change, useParam } from '../router';
import type { SiteRow } from '../rows';

export const id = 'hotspots';
export const title = 'Hotspots';
export const group = 'Where';
export const order = 1;
export const letter = 'h';
/** Which blocks were temporary is not recorded over time. */
export const filters: Taken = (params) => params['by'] === 'temporary' ? untimedFilters : siteFilters;

const groups = [
  { value: 'site', title: 'Call site' },
  { value: 'function', title: 'Function' },
  { value: 'file', title: 'File' },
  { value: 'module', title: 'Module' },
];

export const staticRequests = () => [
  ...['bytes', 'allocations', 'live', 'peak', 'temporary'].flatMap((by) => [undefined, 'function', 'file', 'module'].map((group) =>
    sitesRequest('hotspots', { by, group }))),
  request('summary'),
];

function fileColumn(group: string): Column<SiteRow> {
  const text = (row: SiteRow) => group === 'file' ? row.file : row.module;
  return { key: 'function', title: group === 'file' ? 'File' : 'Module', wide: true, value: text,
    show: (row) => <bdi class="name">{format.shorten(text(row) || '(unknown)', 110)}</bdi> };
}

export function component() {
  const [by] = useParam('by', 'bytes');
  const [group, setGroup] = useParam('group', 'site');
  const { answer, more } = useSites('hotspots', { by, group: group === 'site' ? undefined : group }, filters);
  const taken = useFilters(filters);
  const timed = hasWindow(taken);
  const filtered = Object.keys(taken).length > 0;
  const ask = (value: string) => () => change({ by: value === 'bytes' ? undefined : value }, 'step');
  const columns: Column<SiteRow>[] = [
    { ...columnOf.bytes<SiteRow>('bytes', 'Bytes', (row) => row.bytes), ask: ask('bytes'),
      show: (row) => withError(format.bytes(row.bytes), row.bytes_error, format.bytes) },
    shareColumn<SiteRow>(),
    group === 'file' || group === 'module' ? fileColumn(group) : functionColumn,
    { ...columnOf.count<SiteRow>('allocations', 'Allocations', (row) => row.allocations), ask: ask('allocations') },
    { ...columnOf.bytes<SiteRow>('peak', 'Peak', (row) => row.peak_bytes), ask: ask('peak') },
    { ...columnOf.bytes<SiteRow>('live', 'Alive', (row) => row.live_bytes), ask: ask('live') },
    { ...columnOf.count<SiteRow>('temporary', 'Temporary', (row) => timed ? null : row.temporary), ask: ask('temporary') },
  ];
  return <>
    <Lead>Where the program allocates. A heading of the table orders all places by it; a row opens to its call stack.</Lead>
    <div class="controls">
      <Choice label="Add up by" value={group} options={groups} onChange={setGroup} />
      <Search />
    </div>
    <Shown answer={answer}>{(rows) => <SiteTable rows={rows} columns={columns} more={more} sorted={by} timed={timed}
      caption={`Places that allocate, by ${by}`} empty={filtered ? 'No place fits these filters.' : 'Nothing was allocated.'} />}</Shown>
  </>;
}
