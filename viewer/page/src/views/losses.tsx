import { request, useAnswer } from '../answers';
import { Lead, Shown, Verdict } from '../parts/basics';
import { columnOf, Table } from '../parts/table';

export const id = 'losses';
export const title = 'Losses';
export const group = 'The recording';
export const order = 0;
export const letter = 'x';
export const staticRequests = () => [request('losses')];

interface Loss { readonly kind: string; readonly events: number; readonly meaning: string }

const words = (kind: string) => kind.replaceAll('_', ' ');

export function component() {
  const answer = useAnswer<Loss[]>(request('losses'));
  return <>
    <Lead>What could not be recorded, and what that means.</Lead>
    <Shown answer={answer}>{(rows) => {
      const lost = rows.filter((row) => row.events > 0);
      return <>
        {lost.length === 0 ? <Verdict tone="good">Nothing was lost.</Verdict>
          : <Verdict tone="warn">Not everything could be recorded. The table has first what was lost, and what that means.</Verdict>}
        <Table caption="Kinds of loss" rows={[...lost, ...rows.filter((row) => row.events === 0)]} keyOf={(row) => row.kind} search={false} empty="No kinds of loss are known."
          columns={[
            { key: 'kind', title: 'Kind', value: (row) => row.kind, show: (row) => words(row.kind) },
            columnOf.count<Loss>('events', 'Events', (row) => row.events),
            { key: 'meaning', title: 'Meaning', wide: true, value: (row) => row.meaning },
          ]} />
      </>;
    }}</Shown>
  </>;
}
