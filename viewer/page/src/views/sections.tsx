import { request, useAnswer } from '../answers';
import * as format from '../format';
import { useFilters } from '../filters';
import { Empty, Lead, Shown, Verdict } from '../parts/basics';
import { columnOf, Table } from '../parts/table';
import { useRecordingFacts } from '../recording';
import { linkTo } from '../router';

export const id = 'sections';
export const title = 'Sections';
export const group = 'Where';
export const order = 3;
export const letter = 'c';
export const remedy = 'heapscribe.h';
export const filters = ['thread'] as const;
export const staticRequests = () => [request('sections')];

interface Section { readonly section: string; readonly id: number; readonly entered: number; readonly allocations: number; readonly bytes: number; readonly net_bytes: number;
  readonly live_bytes: number; readonly peak_bytes: number; readonly temporary: number }

export function component() {
  const lacking = useRecordingFacts()?.lacks.includes(id);
  const answer = useAnswer<Section[]>(request('sections', useFilters(filters)));
  return <>
    <Lead>What was allocated in the parts that the program named itself. Figures include the sections within; “its own” is without them.</Lead>
    <Shown answer={answer}>{(rows) => rows.length === 0
      ? lacking ? <Verdict>The program named no sections. <code>heapscribe.h</code> has what it takes: a line where a section begins.</Verdict>
        : <Empty>This thread allocated nothing in sections.</Empty>
      : <Table caption="Sections" rows={rows} keyOf={(row) => String(row.id)} empty=""
        columns={[
          { key: 'section', title: 'Section', wide: true, value: (row) => row.section,
            show: (row) => <a href={linkTo('hotspots', { section: row.section })}><bdi>{format.shorten(row.section, 120)}</bdi></a> },
          columnOf.count<Section>('entered', 'Entered', (row) => row.entered),
          columnOf.count<Section>('allocations', 'Allocations', (row) => row.allocations),
          columnOf.bytes<Section>('bytes', 'Bytes', (row) => row.bytes),
          columnOf.bytes<Section>('net', 'Its own', (row) => row.net_bytes),
          columnOf.bytes<Section>('live', 'Alive', (row) => row.live_bytes),
          columnOf.bytes<Section>('peak', 'At peak', (row) => row.peak_bytes),
        ]} />}</Shown>
  </>;
}
