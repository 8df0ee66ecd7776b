import { request, useAnswer } from '../answers';
import { hasWindow, siteFilters, useFilters, type Filters } from '../filters';
import * as format from '../format';
import { Bar, Figures, Function, Lead, SiteCell, Shown, StackList, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { askedForAt, isChecked } from '../parts/leak_check';
import { kRows, sitesRequest, useLimit } from '../parts/sites';
import { functionColumn, GroupChoice, shareColumn, SiteTable, useGroup } from '../parts/site_table';
import { columnOf, Table, type More } from '../parts/table';
import { linkTo } from '../router';
import { kNoStack, type Blamed, type Frame, type SiteRow, type Summary } from '../rows';

export const id = 'leaks';
export const title = 'Leaks';
export const group = 'What to mend';
export const order = 0;
export const letter = 'l';
export const filters = siteFilters;
export const staticRequests = () =>
  [request('leaks', { classes: 'all', limit: kRows }), sitesRequest('leaks'), sitesRequest('leaks', { group: 'function' }), request('summary')];

interface LeakRow extends Blamed {
  readonly class: string;
  readonly blocks: number;
  readonly bytes: number;
  readonly age_seconds: number;
  readonly youngest_age_seconds: number;
  readonly oldest_age_seconds: number;
  readonly confidence: number;
  readonly retained_bytes: number | null;
  readonly retainer: string | null;
  readonly site: number;
  readonly kind: string;
  readonly stack: readonly Frame[];
}

const classes = [
  { value: 'definite', means: 'no pointer to them is left', todo: 'Nothing can free these any more. Free them, or give them an owner, where the last pointer goes.' },
  { value: 'indirect', means: 'only lost blocks point to them', todo: 'Mend the lost blocks that point to these, and they go with them.' },
  { value: 'possible', means: 'pointers into their middle only', todo: 'Mostly pools and trees whose pointers lead into the middle of a block. Look at it if it grows.' },
  { value: 'reachable', means: 'not lost', todo: 'Not lost: the program still holds these. If they are too many, let the holder let go earlier.' },
] as const;

function age(row: LeakRow): string {
  const youngest = format.seconds(row.youngest_age_seconds);
  const oldest = format.seconds(row.oldest_age_seconds);
  return youngest === oldest ? `${oldest} old` : `between ${youngest} and ${oldest} old`;
}

function Detail({ row }: { row: LeakRow }) {
  const kind = classes.find((candidate) => candidate.value === row.class);
  return <div class="site-detail">
    <p>{kind?.todo}</p>
    {row.retainer && <p><span class="muted">Held by</span> <bdi class="name">{format.shorten(row.retainer, 600)}</bdi></p>}
    <Figures figures={[
      { title: 'Blocks', value: format.count(row.blocks), more: `by ${row.kind}` },
      { title: 'Age', value: format.seconds(row.age_seconds), more: `${age(row)} on average` },
      { title: 'Likely a leak', value: format.share(row.confidence) },
      ...(row.retained_bytes !== null ? [{ title: 'Would go with it', value: format.bytes(row.retained_bytes) }] : []),
    ]} />
    <StackList stack={row.stack} />
  </div>;
}

function Sums({ summary }: { summary: Summary }) {
  if (!isChecked(summary)) return null;
  return <table class="plain-classes panel-table">
    <caption class="visually-hidden">Live blocks by what the program could still reach</caption>
    <tbody>{classes.map((kind) => <tr key={kind.value}>
      <th scope="row"><span class={`word ${kind.value === 'definite' && summary.leak_check['definite_blocks'] ? 'warn' : ''}`}>{kind.value}</span></th>
      <td class="number">{format.bytes(Number(summary.leak_check[`${kind.value}_bytes`] ?? 0))}</td>
      <td class="number">{format.plural(Number(summary.leak_check[`${kind.value}_blocks`] ?? 0), 'block')}</td>
      <td class="muted">{kind.means}</td>
    </tr>)}</tbody>
  </table>;
}

function Rows({ rows, more, filtered }: { rows: readonly LeakRow[]; more: More; filtered: boolean }) {
  const worst = rows.find((row) => row.class === 'definite');
  const possible = rows.some((row) => row.class === 'possible');
  return <>
    {worst ? <Verdict tone="warn">Begin with <Function text={worst.function} />: no pointer to {format.count(worst.blocks)} of its blocks is left, so
      nothing can free them. Free them, or give them an owner, where the last pointer goes.</Verdict>
      : <Verdict tone="good">No block is {possible ? 'certainly ' : ''}lost{filtered ? ' among these' : ''}. {possible
        ? 'Possible ones are mostly pools and trees whose pointers lead into the middle of a block: look at those that grow.'
        : <>What grows although it is reachable, <a href={linkTo('growth')}>growth</a> shows.</>}</Verdict>}
    <Table caption="Live blocks by class and place" rows={rows} more={more} empty="No block was alive then."
      keyOf={(row) => `${row.site}.${row.class}`} detail={(row) => <Detail row={row} />}
      columns={[
        { key: 'class', title: 'Class', value: (row) => classes.findIndex((kind) => kind.value === row.class),
          show: (row) => <span class={`word ${row.class === 'definite' ? 'warn' : ''}`}>{row.class}</span> },
        columnOf.bytes<LeakRow>('bytes', 'Bytes', (row) => row.bytes),
        { key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <SiteCell row={row} /> },
        columnOf.count<LeakRow>('blocks', 'Blocks', (row) => row.blocks),
        { key: 'confidence', title: 'Likely a leak', numeric: true, value: (row) => row.confidence,
          show: (row) => <span class="share"><Bar share={row.confidence} tone="second" /><span>{format.share(row.confidence)}</span></span> },
        columnOf.seconds<LeakRow>('age', 'Age', (row) => row.age_seconds),
        columnOf.bytes<LeakRow>('retained', 'Retains', (row) => row.retained_bytes),
      ]} />
  </>;
}

function Alive() {
  const taken = useFilters(filters);
  const timed = hasWindow(taken);
  const group = useGroup();
  const { limit, more } = useLimit();
  const answer = useAnswer<SiteRow[]>(request('leaks', { ...taken, group, limit }));
  return <Shown answer={answer}>{(rows) => <>
    {rows[0] && rows[0].function !== kNoStack && <Verdict><Function text={rows[0].function} /> holds {format.bytes(rows[0].live_bytes)} in {format.plural(rows[0].live_blocks, 'block')},
      {' '}{format.share(rows[0].share)} of what {timed ? 'was alive at the end of that time' : 'is alive'}. Whether the program could still reach
      them is not told here; see whether it <a href={linkTo('growth')}>grows</a>.</Verdict>}
    <SiteTable rows={rows} more={more(rows.length)} sorted="live" timed={timed} caption={timed ? 'What was alive at the end of that time, by place' : 'What is alive, by place'}
      empty={timed ? 'Nothing of it was alive then.' : 'Nothing is alive.'}
      columns={[
        columnOf.bytes<SiteRow>('live', 'Alive', (row) => row.live_bytes), shareColumn<SiteRow>(), functionColumn,
        columnOf.count<SiteRow>('blocks', 'Blocks', (row) => row.live_blocks),
        columnOf.bytes<SiteRow>('mean', 'Mean size', (row) => row.mean_size),
      ]} />
  </>}</Shown>;
}

/** A check that was asked for stays what it was, however long the program runs on. */
function Moment({ summary }: { summary: Summary }) {
  const at = askedForAt(summary);
  if (!at) return null;
  const running = summary.exit.kind === 'running';
  return <div class="notes" role="note"><p>As of {at}, when it was asked for: what happened since then is not in these figures.
    {running && <> They stand still until somebody asks again, <code>heapscribe ctl {summary.pid ?? 'PID'} leaks</code>, or the program ends.</>}</p></div>;
}

/** Of what the leak check tells nothing, in words. */
function partOf(taken: Filters): string {
  if (hasWindow(taken)) return 'a part of the run';
  return taken.thread ? 'single threads' : taken.section ? 'single sections' : '';
}

function standsStill(summary: Summary | undefined): boolean {
  return summary !== undefined && askedForAt(summary) !== undefined;
}

export function component() {
  const summary = useAnswer<Summary>(request('summary'));
  const state = summary.data?.leak_check['state'];
  const checked = summary.data !== undefined && isChecked(summary.data);
  const taken = useFilters(filters);
  const parted = partOf(taken);
  const grouped = useGroup() !== undefined;
  const classed = checked && !parted && !grouped;
  const { limit, more } = useLimit();
  const answer = useAnswer<LeakRow[]>(classed ? request('leaks', { classes: 'all', ...taken, limit }) : null);
  return <>
    <Lead>{classed || state === undefined ? 'What the program could no longer free, and what it only keeps.'
      : hasWindow(taken) ? 'What was alive at the end of that time, by place.' : 'What is alive, by place.'}</Lead>
    {summary.data && !checked && <div class="notes" role="note"><p>{summary.data.exit.kind === 'running' ? <>The leak check comes when the program ends; <code>heapscribe ctl {summary.data.pid ?? 'PID'} leaks</code> asks for one now. Until then what</>
      : <>There is no leak check{state ? <>: <bdi>{String(state)}</bdi></> : null}. What</>} is alive is not told from leaks.</p></div>}
    {checked && parted && <div class="notes" role="note"><p>The leak check looked at the whole program once, and tells nothing of {parted}. This is what was alive, lost or not.</p></div>}
    {checked && !parted && grouped && <div class="notes" role="note"><p>By function this is what was alive, lost or not. By call site it is what the leak check found.</p></div>}
    {summary.data && !parted && <Moment summary={summary.data} />}
    {summary.data && !parted && <Sums summary={summary.data} />}
    <div class="controls"><GroupChoice /><Search /></div>
    {classed && <Shown answer={answer} isTold={(note) => !standsStill(summary.data) || !note.includes('still running')}>{(rows) => <Rows rows={rows} more={more(rows.length)} filtered={Object.keys(taken).length > 0} />}</Shown>}
    {summary.data && !classed && <Alive />}
  </>;
}
