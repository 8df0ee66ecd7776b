import { request, useAnswer } from '../answers';
import { stackFilters, useFilters } from '../filters';
import { Choice, Empty, FunctionCell, Lead, Shown, StackList, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { shareColumn } from '../parts/site_table';
import { kRows, useLimit } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import { useRecordingFacts } from '../recording';
import { useParam } from '../router';
import type { Blamed, Frame } from '../rows';

export const id = 'releases';
export const title = 'Releases';
export const group = 'Where';
export const order = 5;
export const letter = 'r';
export const remedy = 'run --free-stacks';
export const filters = stackFilters;
export const staticRequests = () => [request('releases', { by: 'bytes', limit: kRows }), request('releases', { by: 'frees', limit: kRows })];

interface Release extends Blamed {
  readonly bytes: number; readonly share: number; readonly frees: number; readonly site: number; readonly released_function: string;
  readonly released_file: string; readonly released_line: number; readonly released_module: string; readonly stack: readonly Frame[]; readonly released_stack: readonly Frame[];
}

export function component() {
  const [by, setBy] = useParam('by', 'bytes');
  const taken = useFilters(filters);
  const { limit, more } = useLimit();
  const lacking = useRecordingFacts()?.lacks.includes(id);
  const answer = useAnswer<Release[]>(request('releases', { by, ...taken, limit }));
  return <>
    <Lead>Who frees what whom allocated.</Lead>
    <div class="controls">
      <Choice label="Order by" value={by} options={[{ value: 'bytes', title: 'Bytes' }, { value: 'frees', title: 'Frees' }]} onChange={setBy} />
      <Search />
    </div>
    <Shown answer={answer}>{(rows) => rows.length === 0
      ? lacking ? <Verdict>This recording does not tell where blocks were released. To record it: <code>heapscribe run --free-stacks -- PROGRAM ARGUMENTS</code></Verdict>
        : <Empty>No release fits.</Empty>
      : <>
        <Verdict>Where both names are the same, the function can keep its buffer for the next call. Where they differ, the block changes hands: the second function owns it.</Verdict>
        <Table caption={`Pairs by ${by}`} rows={rows} more={more(rows.length)} sorted={by} empty=""
          keyOf={(row) => `${row.site}.${rows.indexOf(row)}`}
          detail={(row) => <div class="stacks"><StackList stack={row.stack} title="Allocated in" /><StackList stack={row.released_stack} title="Released in" /></div>}
          columns={[
            { ...columnOf.bytes<Release>('bytes', 'Bytes', (row) => row.bytes), ask: () => setBy('bytes') },
            shareColumn<Release>(),
            { ...columnOf.count<Release>('frees', 'Frees', (row) => row.frees), ask: () => setBy('frees') },
            { key: 'function', title: 'Allocated in', wide: true, value: (row) => row.function, show: (row) => <FunctionCell row={row} /> },
            { key: 'released', title: 'Released in', roomy: true, value: (row) => row.released_function,
              show: (row) => <FunctionCell row={{ function: row.released_function, file: row.released_file, line: row.released_line, module: row.released_module }} /> },
          ]} /></>}</Shown>
  </>;
}
