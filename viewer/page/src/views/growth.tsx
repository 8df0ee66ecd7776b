import { request, useAnswer } from '../answers';
import { stackFilters, useFilters } from '../filters';
import * as format from '../format';
import { Figures, Function, FunctionCell, Lead, Shown, Sparkline, StackList, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { kRows, useLimit } from '../parts/sites';
import { columnOf, Table } from '../parts/table';
import type { Blamed, Frame } from '../rows';

export const id = 'growth';
export const title = 'Growth';
export const group = 'Over time';
export const order = 1;
export const letter = 'w';
export const filters = stackFilters;
export const staticRequests = () => [request('growth', { limit: kRows })];

interface GrowthRow extends Blamed {
  readonly verdict: string;
  readonly live_bytes: number;
  readonly live_blocks: number;
  readonly site: number;
  readonly sites: number;
  readonly slope_bytes_per_second: number | null;
  readonly growth_per_hour: number | null;
  readonly survival: number | null;
  readonly evidence: string;
  readonly stack: readonly Frame[];
  readonly live_over_time: readonly number[];
}

const meanings: Record<string, string> = {
  steady_growth: 'Rises to the end, as fast as before: a leak, or an unbounded cache. Bound it, or free what is done with.',
  warm_up: 'Grew, then held what it had, or grows slower and slower. Nothing to do.',
  bounded_cache: 'Blocks come and go under a ceiling, and stay for a while. Nothing to do unless the ceiling is too high.',
  periodic: 'Comes and goes in a rhythm. Nothing to do unless the waves are too high.',
  burst: 'Most of it happened at once. If that was unwanted, look at what happened then.',
  stable: 'No trend. Nothing to do.',
  too_short: 'Cannot be told yet: runs of 10 s and more usually can.',
};

function words(verdict: string): string {
  return verdict.replaceAll('_', ' ');
}

function Conclusion({ rows }: { rows: readonly GrowthRow[] }) {
  const worst = rows.find((row) => row.verdict === 'steady_growth');
  if (worst) {
    return <Verdict tone="warn">Look first at <Function text={worst.function} />: it grows
      {worst.growth_per_hour !== null && <> by {format.bytes(worst.growth_per_hour)} an hour</>}, and does not slow down. Bound it, or free what is done with.</Verdict>;
  }
  if (rows.every((row) => row.verdict === 'too_short')) {
    return <Verdict>The run was too short to tell growth from a beginning. Record 10 s or more at work.</Verdict>;
  }
  return <Verdict tone="good">Nothing grows without end.</Verdict>;
}

export function component() {
  const taken = useFilters(filters);
  const { limit, more } = useLimit();
  const answer = useAnswer<GrowthRow[]>(request('growth', { ...taken, limit }));
  return <>
    <Lead>What grows without end, and what only warms up, turns over, pulses or came at once. Each place has its verdict and the evidence for it.</Lead>
    <div class="controls"><Search /></div>
    <Shown answer={answer}>{(rows) => <>
      {rows.length > 0 && <Conclusion rows={rows} />}
      <Table caption="Verdicts by place; each curve has a scale of its own" rows={rows} more={more(rows.length)} keyOf={(row) => String(row.site)} empty="No place held memory for long enough to be judged."
        detail={(row) => <div class="site-detail">
          <p>{meanings[row.verdict]}</p>
          <Sparkline values={row.live_over_time} width={420} height={90} />
          <Figures figures={[
            { title: 'Live', value: format.bytes(row.live_bytes), more: format.plural(row.live_blocks, 'block') },
            ...(row.growth_per_hour !== null ? [{ title: 'In an hour', value: `+${format.bytes(row.growth_per_hour)}`, more: 'if it goes on' }] : []),
            ...(row.survival !== null && row.survival >= 0.01 ? [{ title: 'Still there', value: `at least ${format.share(row.survival)}`, more: 'of what was held at half-time' }] : []),
            { title: 'Sites', value: format.count(row.sites) },
          ]} />
          <StackList stack={row.stack} />
        </div>}
        columns={[
          { key: 'verdict', title: 'Verdict', value: (row) => row.verdict,
            show: (row) => <span class={`word ${row.verdict === 'steady_growth' ? 'warn' : ''}`}>{words(row.verdict)}</span> },
          columnOf.bytes<GrowthRow>('live', 'Live', (row) => row.live_bytes),
          { key: 'chart', title: 'Over time', value: (row) => (row.live_over_time[row.live_over_time.length - 1] ?? 0) - (row.live_over_time[0] ?? 0),
            show: (row) => <Sparkline values={row.live_over_time} /> },
          { key: 'function', title: 'Function', wide: true, value: (row) => row.function,
            show: (row) => <span><FunctionCell row={row} /><br /><small>{row.evidence}</small></span> },
          { key: 'slope', title: 'Slope', numeric: true, value: (row) => row.slope_bytes_per_second,
            show: (row) => row.slope_bytes_per_second === null ? '–' : `${format.bytes(row.slope_bytes_per_second)}/s` },
        ]} />
    </>}</Shown>
  </>;
}
