import { isStatic, request, useAnswer } from '../answers';
import * as format from '../format';
import { Empty, Figures, Lead, Shown, Verdict } from '../parts/basics';
import { written, type Health } from '../parts/health';
import { askedForAt, isChecked } from '../parts/leak_check';
import { columnOf, Table } from '../parts/table';
import { Timeline, timelineRequest, snapshotsRequest, useTimeline } from '../parts/timeline';
import { linkTo, linkWithFilters, change, usePlace } from '../router';
import { moment, plainly, secondsOf } from '../filters';
import type { Finding, Summary } from '../rows';

export const id = 'overview';
export const title = 'Overview';
export const group = 'Overview';
export const order = 0;
export const letter = 'o';
export const staticRequests = () => [request('summary'), timelineRequest, snapshotsRequest, request('health')];

type Kind = Summary['by_kind'][number];

/** A finding is of all sites of a function, and its figures are found where those are added up. Leaks has classes by site only. */
const addedUp = new Set(['hotspots', 'peak', 'temporary']);

/** What the finding's command asks, as a link to the view that shows it. */
function linkOf(finding: Finding): string {
  const words = [...finding.command.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map((m) => m[1]?.replaceAll("'\\''", "'") ?? m[2]!);
  const report = words[1] ?? 'hotspots';
  const params: Record<string, string> = addedUp.has(report) ? { group: 'function' } : {};
  for (let i = 2; i + 1 < words.length; ++i) {
    if (words[i]!.startsWith('--')) params[words[i]!.slice(2)] = words[++i]!;
  }
  const expression = params['function'];
  if (!isStatic() || !expression) return linkTo(report, params);
  delete params['function'];
  return linkTo(report, { ...params, q: plainly(expression) });
}

const advice: Record<string, string> = {
  lost: 'Free it, or give it an owner, where the last pointer goes.',
  steady_growth: 'Bound it: it will not stop by itself.',
  peak_holder: 'To lower the peak, begin here.',
  never_freed: 'See whether the program could still reach it, and who holds it.',
  temporary: 'Reuse one buffer, or keep the block on the stack.',
  growth_by_realloc: 'Reserve the final size at first.',
  most_calls: 'Fewer, larger blocks cost less.',
  slack: 'Ask for sizes that the allocator hands out.',
};

function Findings({ findings, live, stacks }: { findings: readonly Finding[]; live: boolean; stacks: boolean }) {
  if (!stacks) return <Verdict>Totals only were recorded, so nobody can tell where they come from. Record with <code>--mode full</code> or <code>--mode sample</code> to see.</Verdict>;
  if (findings.length === 0) {
    return <Verdict tone="good">Nothing stands out{live ? ' so far' : ''}: no place holds, makes or leaves enough to be worth a look.</Verdict>;
  }
  return <ol class="findings">
    {findings.map((finding) => <li key={finding.sentence}>
      <a href={linkOf(finding)}>
        <span class="sentence"><bdi>{format.shorten(finding.sentence, 600)}</bdi></span>
        <span class="advice">{advice[finding.kind] ?? 'See where.'}</span>
      </a>
    </li>)}
  </ol>;
}

const modes: Record<string, string> = {
  full: 'every allocation with its stack',
  counts: 'totals, sizes and peak, no stacks',
  sample: 'a random sample with its stacks',
};

function running(summary: Summary): boolean {
  return summary.exit.kind === 'running';
}

function ended(summary: Summary): string {
  return `${summary.exit.text} after ${format.seconds(summary.duration_seconds)}`;
}

function peakText(summary: Summary): string {
  const how = summary.peak_error_bytes ? `± ${format.bytes(summary.peak_error_bytes)}` : 'exact';
  return `${how}, after ${format.seconds(summary.peak_seconds)}`;
}

function losses(summary: Summary): string {
  const lost = Object.values(summary.losses).reduce((sum, events) => sum + events, 0);
  return lost === 0 ? 'nothing was lost' : `${format.plural(lost, 'event')} lost`;
}

function lostText(summary: Summary, blocks: number): string {
  if (!isChecked(summary)) return 'no leak check';
  const at = askedForAt(summary);
  return format.plural(blocks, 'block') + (at ? `, as of ${at}` : '');
}

function Facts({ summary }: { summary: Summary }) {
  const of = (part: number) => `${format.share(summary.allocations ? part / summary.allocations : 0)} of all allocations`;
  const lostBytes = Number(summary.leak_check['definite_bytes'] ?? 0) + Number(summary.leak_check['indirect_bytes'] ?? 0);
  const lostBlocks = Number(summary.leak_check['definite_blocks'] ?? 0) + Number(summary.leak_check['indirect_blocks'] ?? 0);
  return <Figures figures={[
    { title: 'Peak', value: format.bytes(summary.peak_bytes), more: peakText(summary) },
    { title: running(summary) ? 'Alive so far' : 'Alive at end', value: format.bytes(summary.live_bytes),
      more: `${format.count(summary.live_blocks)} blocks` },
    { title: 'Lost', value: isChecked(summary) ? format.bytes(lostBytes) : '–', more: lostText(summary, lostBlocks) },
    { title: 'Allocated', value: format.bytes(summary.allocated_bytes), more: `${format.count(summary.allocations)} allocations` },
    { title: 'Freed', value: format.bytes(summary.freed_bytes), more: `${format.count(summary.frees)} frees` },
    { title: 'Temporary', value: format.count(summary.temporary_allocations), more: of(summary.temporary_allocations) },
    { title: 'Reallocations', value: format.count(summary.reallocations), more: of(summary.reallocations) },
    ...(summary.failed_calls ? [{ title: 'Refused', value: format.count(summary.failed_calls), more: 'allocations the system refused' }] : []),
  ]} />;
}

const conditionTone: Record<string, 'good' | 'warn' | 'plain'> = { healthy: 'good', warning: 'warn', critical: 'warn' };

function Condition() {
  const answer = useAnswer<Health>(request('health'));
  return <Shown answer={answer} quiet>{(health) => {
    const first = health.reasons.find((reason) => reason.condition === health.condition);
    return <a class={`condition ${conditionTone[health.condition] ?? 'plain'}`} href={linkWithFilters('health')}>
      <span class="dot" aria-hidden="true" />{health.condition}
      {health.condition !== 'healthy' && first && <span class="muted">: {written(first.rule, first.value)} {first.what}</span>}</a>;
  }}</Shown>;
}

export function component() {
  const answer = useAnswer<Summary>(request('summary'));
  const { rows, marks, pending, error } = useTimeline();
  const { params } = usePlace();
  const window = isStatic() ? {} : { window: { from: secondsOf(params['from']), to: secondsOf(params['to']) },
    onWindow: (from: number, to: number) => change({ from: moment(from), to: moment(to) }, 'step') };
  return <Shown answer={answer}>{(summary) => <>
    <Lead><bdi class="program">{format.shorten(summary.program, 80)}</bdi>{' '}{ended(summary)}. Recorded: {modes[summary.mode] ?? summary.mode},{' '}
      {format.plural(summary.sites, 'site')}, {format.plural(summary.threads, 'thread')}; {losses(summary)}.</Lead>
    <Condition />
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">What matters most</h2>
      <Findings findings={summary.findings} live={running(summary)} stacks={summary.mode !== 'counts'} />
    </section>
    <section aria-labelledby="figures-title">
      <h2 id="figures-title">Figures</h2>
      <Facts summary={summary} />
    </section>
    <section aria-labelledby="time-title">
      <h2 id="time-title">Memory over time</h2>
      {error ? <Empty>{error}</Empty> : rows.length === 0 && pending ? null : <Timeline rows={rows} marks={marks} {...window} />}
    </section>
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">By call</h2>
      <Table caption="Allocations by the call that made them" rows={summary.by_kind} keyOf={(row) => row.kind} search={false}
        empty={summary.allocations > 0 ? 'Calls are told apart when the program has ended.' : 'Nothing was allocated.'}
        columns={[
          { key: 'kind', title: 'Call', value: (row) => row.kind, wide: true, show: (row) => <code>{row.kind}</code> },
          columnOf.count<Kind>('allocations', 'Allocations', (row) => row.allocations),
          columnOf.bytes<Kind>('bytes', 'Bytes', (row) => row.bytes),
        ]} />
    </section>
    <p class="command"><span class="muted">Command</span> <bdi><code>{format.shorten(summary.command_line, 600)}</code></bdi>
      {summary.pid !== null && <span class="muted"> pid {summary.pid}</span>}</p>
  </>}</Shown>;
}
