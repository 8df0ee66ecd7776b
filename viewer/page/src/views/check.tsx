import { request, useAnswer, type Recording } from '../answers';
import * as format from '../format';
import { Lead, Name, Place, Shown, StackList, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { Table, type Column } from '../parts/table';
import { useRecordingFacts } from '../recording';
import type { Frame } from '../rows';

export const id = 'check';
export const title = 'Against the baseline';
export const group = 'Compare';
export const order = 2;
export const letter = 'b';
export const remedy = 'view DB --baseline FILE';
export const isLacking = (recording: Recording) => recording.baseline === null;
export const staticRequests = () => [request('check')];

interface Total { readonly figure: string; readonly verdict: string; readonly old: number; readonly new: number; readonly tolerance: number }
interface Path {
  readonly path: string; readonly branch: boolean; readonly file: string; readonly line: number; readonly stack: readonly Frame[];
  readonly old_allocations: number | null; readonly new_allocations: number | null; readonly old_bytes: number | null; readonly new_bytes: number | null;
  readonly old_leaks: number | null; readonly new_leaks: number | null;
}
interface Check { readonly passed: boolean; readonly scope: string; readonly moved: number; readonly totals: readonly Total[]; readonly rises: readonly Path[]; readonly falls: readonly Path[] }

function writer(figure: string): (value: number) => string {
  return figure === 'bytes' || figure === 'peak' ? format.bytes : format.count;
}

function signed(write: (value: number) => string, value: number): string {
  return value === 0 ? '0' : `${value > 0 ? '+' : '−'}${write(Math.abs(value))}`;
}

/** From and to below what lies between them. */
function changeOf(key: string, title: string, write: (value: number) => string, sides: (row: Path) => readonly [number | null, number | null]): Column<Path> {
  const change = (row: Path) => {
    const [before, now] = sides(row);
    return before === null || now === null ? null : now - before;
  };
  return { key, title, numeric: true, value: change, show: (row) => {
    const [before, now] = sides(row);
    if (before === null || now === null || before === now) return '–';
    return <>{signed(write, now - before)} <small class="muted">{write(before)} → {write(now)}</small></>;
  } };
}

function Paths({ caption, rows, id: prefix }: { caption: string; rows: readonly Path[]; id: string }) {
  return <Table caption={caption} id={prefix} rows={rows} keyOf={(row) => `${row.path}${row.branch ? ' > …' : ''}`} empty=""
    detail={(row) => row.stack.length > 0 ? <StackList stack={row.stack} /> : <p class="empty">{row.branch ? 'No single path rose by that much, and which of them are taken differs from run to run.'
        : 'No stack of this recording belongs to it.'}</p>}
    columns={[
      { key: 'path', title: 'Call path', wide: true, value: (row) => row.path,
        show: (row) => <span class="function-cell">{row.branch && 'paths below '}<Name text={row.path.split(' > ').slice(-2).join(' > ')} /> <Place row={row} /></span> },
      changeOf('allocations', 'Allocations', format.count, (row) => [row.old_allocations, row.new_allocations]),
      changeOf('bytes', 'Bytes', format.bytes, (row) => [row.old_bytes, row.new_bytes]),
      changeOf('leaks', 'Lost blocks', format.count, (row) => [row.old_leaks, row.new_leaks]),
    ]} />;
}

function inWords(check: Check): string {
  const rises = format.plural(check.rises.length, 'call path');
  if (!check.passed) {
    const rose = check.totals.filter((total) => total.verdict === 'ROSE').map((total) => `${total.figure} by ${writer(total.figure)(total.new - total.old)}`);
    return `Failed: ${check.rises.length > 0 ? `${rises} with more than the baseline has` : ''}${check.rises.length > 0 && rose.length > 0 ? '; ' : ''}${rose.length > 0 ? `in all ${rose.join(', ')}` : ''}.`;
  }
  if (check.rises.length > 0) return `Passed: there is less in all, although ${rises} took more.`;
  return check.falls.length > 0 ? 'Passed, with less than the baseline has: write it anew to keep it that way.' : 'Passed: as the baseline has it.';
}

export function component() {
  const facts = useRecordingFacts();
  const answer = useAnswer<Check>(facts?.baseline ? request('check') : null);
  if (facts && !facts.baseline) {
    return <Verdict>No baseline was given to hold the recording against: <code>heapscribe view {format.shorten(facts.path, 200)} --baseline FILE</code>. One is
      made by <code>heapscribe check DB --baseline FILE --update</code></Verdict>;
  }
  return <>
    <Lead>This recording beside the baseline <bdi>{facts?.baseline}</bdi>, as <code>heapscribe check</code> judges it.</Lead>
    <Shown answer={answer}>{(check) => <>
      <Verdict tone={check.passed ? 'good' : 'warn'}>{inWords(check)}</Verdict>
      {check.scope && <p>Only <bdi>{check.scope}</bdi> counts.</p>}
      {check.moved > 0 && <p>{format.plural(check.moved, 'call path')} moved: what one took that is gone, a new one takes.</p>}
      <Table caption="In all" id="t" rows={check.totals} keyOf={(row) => row.figure} search={false} empty="Nothing is judged in all."
        columns={[
          { key: 'figure', title: 'Figure', wide: true, value: (row) => row.figure },
          { key: 'old', title: 'Baseline', numeric: true, value: (row) => row.old, show: (row) => writer(row.figure)(row.old) },
          { key: 'new', title: 'Now', numeric: true, value: (row) => row.new, show: (row) => writer(row.figure)(row.new) },
          { key: 'change', title: 'Difference', numeric: true, value: (row) => row.new - row.old, show: (row) => signed(writer(row.figure), row.new - row.old) },
          { key: 'tolerance', title: 'Tolerance', numeric: true, value: (row) => row.tolerance, show: (row) => row.tolerance === 0 ? 'exact' : writer(row.figure)(row.tolerance) },
          { key: 'verdict', title: 'Verdict', value: (row) => row.verdict,
            show: (row) => <span class={`word ${row.verdict === 'ROSE' ? 'warn' : 'good'}`}>{row.verdict === 'ROSE' ? 'rose' : row.verdict}</span> },
        ]} />
      {check.rises.length + check.falls.length > 0 && <div class="controls"><Search /></div>}
      {check.rises.length > 0 && <Paths caption="More than before" id="r" rows={check.rises} />}
      {check.falls.length > 0 && <Paths caption="Less than before" id="f" rows={check.falls} />}
    </>}</Shown>
  </>;
}
