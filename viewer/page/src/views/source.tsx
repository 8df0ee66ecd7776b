import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { isHeld, isStatic, request, useAnswer } from '../answers';
import { siteFilters, useFilters } from '../filters';
import * as format from '../format';
import { Bar, Choice, Empty, Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { kRows, useLimit } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import { linkWithFilters, useParam, usePlace } from '../router';
import type { Summary } from '../rows';

export const id = 'source';
export const title = 'Source';
export const group = 'Where';
export const order = 3;
export const letter = 'u';
export const filters = siteFilters;

const filesRequest = request('source', { limit: kRows });
export const staticRequests = () => [filesRequest];
/** The page in one file holds the lines of the first of them, where they are few. */
export const staticEach = { of: filesRequest, report: 'source', option: 'file', most: 10, most_bytes: 256 * 1024 };

interface FileRow { readonly file: string; readonly lines: number; readonly allocations: number; readonly bytes: number; readonly live_bytes: number; readonly peak_bytes: number }
interface LineRow {
  readonly line: number; readonly text: string; readonly allocations: number; readonly bytes: number; readonly live_bytes: number; readonly peak_bytes: number;
  readonly through_allocations: number; readonly through_bytes: number;
}

const measures = [
  { value: 'bytes', title: 'Bytes', own: (row: LineRow) => row.bytes, through: (row: LineRow) => row.through_bytes, write: format.bytes },
  { value: 'allocations', title: 'Allocations', own: (row: LineRow) => row.allocations, through: (row: LineRow) => row.through_allocations, write: format.count },
  { value: 'peak', title: 'Peak', own: (row: LineRow) => row.peak_bytes, through: null, write: format.bytes },
  { value: 'live', title: 'Alive', own: (row: LineRow) => row.live_bytes, through: null, write: format.bytes },
] as const;
type Measure = (typeof measures)[number];

function Amount({ value, most, write }: { value: number; most: number; write: (value: number) => string }) {
  return value > 0 ? <><span class="amount">{write(value)}</span><Bar share={value / most} /></> : null;
}

function Lines({ rows, measure, chosen }: { rows: readonly LineRow[]; measure: Measure; chosen: number }) {
  const table = useRef<HTMLTableElement>(null);
  const { params } = usePlace();
  const { own, through, write } = measure;
  const most = (of: (row: LineRow) => number) => Math.max(1, ...rows.map(of));
  const mostOwn = most(own);
  const mostThrough = through ? most(through) : 1;
  const query = (params['q'] ?? '').toLowerCase();
  const file = params['file'];
  const digits = String(rows[rows.length - 1]?.line ?? 0).length;
  useEffect(() => {
    const to = table.current?.querySelector('tr.chosen');
    if (to) to.scrollIntoView({ block: 'center' });
  }, [chosen, file]);
  // What stays in sight beside a long line: each column keeps to the right of those before it.
  useLayoutEffect(() => {
    const at = table.current!;
    const cells = [...at.tHead!.rows[0]!.cells].slice(0, -1);
    const place = () => {
      let left = 0;
      cells.forEach((cell, i) => {
        at.style.setProperty(`--left-${i + 1}`, `${left}px`);
        left += cell.getBoundingClientRect().width;
      });
    };
    const observer = new ResizeObserver(place);
    cells.forEach((cell) => observer.observe(cell));
    return () => observer.disconnect();
  }, [through !== null]);
  return <div class="table"><div class="table-scroll" tabIndex={-1}><table class="code" ref={table}>
    <caption><span>Lines that allocate, and those around them</span></caption>
    <thead><tr><th scope="col" class="number">Itself</th>{through && <th scope="col" class="number">Through it</th>}
      <th scope="col" class="number">Line</th><th scope="col">Text</th></tr></thead>
    <tbody>{rows.map((row, i) => [
      i > 0 && rows[i - 1]!.line + 1 < row.line && <tr key={`${row.line} gap`} class="gap"><td colSpan={through ? 4 : 3} aria-label="lines left out"><span>⋯</span></td></tr>,
      <tr key={row.line} class={`${row.line === chosen ? 'chosen' : ''} ${query && row.text.toLowerCase().includes(query) ? 'found' : ''}`}
        aria-current={row.line === chosen ? 'location' : undefined}>
        <td class="number"><Amount value={own(row)} most={mostOwn} write={write} /></td>
        {through && <td class="number"><Amount value={through(row)} most={mostThrough} write={write} /></td>}
        <th scope="row" class="number"><a tabIndex={own(row) > 0 || row.line === chosen ? 0 : -1} href={linkWithFilters('source',
          { file, line: String(row.line), by: params['by'] })}>{String(row.line).padStart(digits)}</a></th>
        <td class="text"><code>{format.shorten(row.text, 400)}</code></td>
      </tr>,
    ])}</tbody>
  </table></div></div>;
}

function Annotated({ file, line }: { file: string; line: number }) {
  const taken = useFilters(filters);
  const { params } = usePlace();
  const [by, setBy] = useParam('by', 'bytes');
  const measure = measures.find((candidate) => candidate.value === by) ?? measures[0];
  const answer = useAnswer<LineRow[]>(request('source', { file, ...taken }));
  const hottest = useMemo(() => (answer.data ?? []).reduce<LineRow | undefined>((best, row) =>
    measure.own(row) > (best ? measure.own(best) : 0) ? row : best, undefined), [answer.data, measure]);
  return <>
    <Lead><a href={linkWithFilters('source')}>All files</a> › <bdi class="name">{format.shorten(file, 300)}</bdi></Lead>
    <div class="controls">
      <Choice label="Measure" value={measure.value} options={measures} onChange={setBy} />
      <Search label="Find in the lines" />
    </div>
    <Shown answer={answer}>{(rows) => rows.length === 0 ? <Empty>Nothing was allocated here.</Empty> : <>
      {hottest && <Verdict>Line <a href={linkWithFilters('source', { file, line: String(hottest.line), by: params['by'] })}>{hottest.line}</a> has most:{' '}
        {measure.write(measure.own(hottest))}{measure.value === 'bytes' ? ` in ${format.plural(hottest.allocations, 'allocation')}` : ''}.</Verdict>}
      <Lines rows={rows} measure={measure} chosen={line} />
    </>}</Shown>
  </>;
}

function FileName({ file }: { file: string }) {
  const name = <bdi class="name">{format.shorten(file, 110)}</bdi>;
  return isHeld(request('source', { file })) ? <a href={linkWithFilters('source', { file })}>{name}</a> : name;
}

function Files() {
  const taken = useFilters(filters);
  const { limit, more } = useLimit();
  const summary = useAnswer<Summary>(request('summary'));
  const answer = useAnswer<FileRow[]>(request('source', { ...taken, limit }));
  return <>
    <Lead>Source files by what their lines allocate. A file opens to its lines, with what each allocates itself and what is allocated
      through it, as far as the file lies on {isStatic() ? 'the machine where this page was made' : 'this machine'}.</Lead>
    <div class="controls"><Search /></div>
    <Shown answer={answer}>{(rows) => <Table caption="Files with lines that allocate" rows={rows} more={more(rows.length)} sorted="bytes" keyOf={(row) => row.file.replace(/[,&]/g, '')}
      empty={summary.data?.allocations === 0 ? 'Nothing was allocated.' : "No function has a known source file. Compile with -g, or install debug packages and run heapscribe symbolize."}
      columns={[
        columnOf.bytes<FileRow>('bytes', 'Bytes', (row) => row.bytes),
        columnOf.count<FileRow>('allocations', 'Allocations', (row) => row.allocations),
        columnOf.bytes<FileRow>('peak', 'Peak', (row) => row.peak_bytes),
        columnOf.bytes<FileRow>('live', 'Alive', (row) => row.live_bytes),
        columnOf.count<FileRow>('lines', 'Lines', (row) => row.lines),
        { key: 'file', title: 'File', wide: true, value: (row) => row.file, show: (row) => <FileName file={row.file} /> },
      ]} />}</Shown>
  </>;
}

export function component() {
  const { params } = usePlace();
  const file = params['file'];
  return file ? <Annotated key={file} file={file} line={Number(params['line']) || 0} /> : <Files />;
}
