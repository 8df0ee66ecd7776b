import { request, useAnswer } from '../answers';
import * as format from '../format';
import { Lead, Shown, Verdict } from '../parts/basics';
import { written, type Health } from '../parts/health';
import { Table } from '../parts/table';
import { linkTo } from '../router';
import { views } from '../views';

export const id = 'health';
export const title = 'Health';
export const group = 'What to mend';
export const order = 1;
export const letter = 'a';
export const staticRequests = () => [request('health')];

const words: Record<string, string> = { healthy: 'Healthy: nothing to do.', warning: 'Warning: worth a look.', critical: 'Critical: look at it now.' };

/** A command of another report is a link to its view. */
function Advice({ text }: { text: string }) {
  const found = /heapscribe ([a-z]+) (?:'[^']*'|\S+)/.exec(text);
  const title = found && views.find((view) => view.id === found[1])?.title;
  if (!found || !title) return <bdi>{text}</bdi>;
  return <>{text.slice(0, found.index)}<a href={linkTo(found[1]!)}>{title}</a>{text.slice(found.index + found[0].length)}</>;
}

export function component() {
  const answer = useAnswer<Health>(request('health'));
  return <>
    <Lead>What a monitor would say of this run, and why.</Lead>
    <Shown answer={answer}>{(health) => {
      const bad = health.reasons.filter((reason) => reason.condition !== 'healthy');
      return <>
        <Verdict tone={health.condition === 'healthy' ? 'good' : 'warn'}>{words[health.condition] ?? health.condition}{bad.map((reason) =>
          <span key={reason.rule}> {written(reason.rule, reason.value)} {reason.what}{reason.advice ? <>: <Advice text={format.shorten(reason.advice, 400)} /></> : null}.</span>)}</Verdict>
        <Table caption="What was looked at" rows={health.reasons} keyOf={(row) => row.rule} search={false} empty="Nothing was looked at."
          columns={[
            { key: 'condition', title: 'Condition', value: (row) => row.condition, show: (row) => <span class={`word ${row.condition === 'healthy' ? 'good' : 'warn'}`}>{row.condition}</span> },
            { key: 'value', title: 'Value', numeric: true, value: (row) => row.value, show: (row) => written(row.rule, row.value) },
            { key: 'what', title: 'What', wide: true, value: (row) => row.what },
            { key: 'warning', title: 'Warning from', numeric: true, value: (row) => row.warning, show: (row) => written(row.rule, row.warning) },
            { key: 'critical', title: 'Critical from', numeric: true, value: (row) => row.critical, show: (row) => row.critical > 1 && row.rule.endsWith('_share') ? 'never' : row.critical >= 2147483647 ? 'never' : written(row.rule, row.critical) },
          ]} />
      </>;
    }}</Shown>
  </>;
}
