import type { ComponentChildren } from 'preact';
import * as format from '../format';
import { literally, toFunction } from '../filters';
import { linkTo, useParam } from '../router';
import { kNoStack, type SiteRow } from '../rows';
import { Bar, Choice, Figures, SiteCell, StackList, Verdict, withError } from './basics';
import { Table, type Column, type More } from './table';

const groups = [{ value: 'site', title: 'Call site' }, { value: 'function', title: 'Function' }];

/** Whether sites are added up by function; as the option of a report. */
export function useGroup(): string | undefined {
  const [group] = useParam('group', 'site');
  return group === 'function' ? group : undefined;
}

export function GroupChoice() {
  const [group, setGroup] = useParam('group', 'site');
  return <Choice label="Add up by" value={group} options={groups} onChange={setGroup} />;
}

export function siteKey(row: { site?: number; function: string; file: string }): string {
  return row.site !== undefined ? String(row.site) : `${row.function.slice(0, 80)}${row.file}`.replace(/[,&]/g, '');
}

export const functionColumn: Column<SiteRow> = {
  key: 'function', title: 'Function', wide: true, value: (row) => row.function, show: (row) => <SiteCell row={row} />,
};

export function shareColumn<Row extends { share: number }>(): Column<Row> {
  return { key: 'share', title: 'Share', numeric: true, value: (row) => row.share,
    show: (row) => <span class="share"><Bar share={row.share} /><span>{format.share(row.share)}</span></span> };
}

export function SiteDetail({ row, more, timed = false }: { row: SiteRow; more?: ComponentChildren; timed?: boolean }) {
  const sizes = row.min_size !== undefined && row.max_size !== undefined
    ? (row.min_size === row.max_size ? format.bytes(row.min_size) : `${format.bytes(row.min_size)} to ${format.bytes(row.max_size)}`)
    : null;
  return <div class="site-detail">
    {more}
    <Figures figures={[
      { title: 'Allocated', value: withError(format.bytes(row.bytes), row.bytes_error, format.bytes),
        more: `${format.count(row.allocations)} allocations of ${format.bytes(row.mean_size)} on average` },
      { title: 'Alive', value: withError(format.bytes(row.live_bytes), row.live_bytes_error, format.bytes),
        more: `${format.count(row.live_blocks)} blocks` },
      { title: 'At the peak', value: format.bytes(row.peak_bytes) },
      ...(timed ? [] : [{ title: 'Temporary', value: format.count(row.temporary), more: format.share(row.temporary_share) + ' of its calls' }]),
      ...(sizes ? [{ title: 'Size', value: sizes, more: row.kind ?? '' }] : []),
    ]} />
    {row.stack && <StackList stack={row.stack} />}
    <p class="actions"><a href={linkTo('flame', toFunction(literally(row.function.slice(0, 500))))}>Flame graph of this function</a></p>
  </div>;
}

/** `timed`: of a part of the run, of which is not recorded what was temporary. */
export function SiteTable({ rows, columns, caption, empty, more, sorted, timed = false }: {
  rows: readonly SiteRow[]; columns: readonly Column<SiteRow>[]; caption: string; empty: string;
  more?: More; sorted: string; timed?: boolean;
}) {
  const stackless = rows.length > 0 && rows.every((row) => row.function === kNoStack);
  return <>
    {stackless && <Verdict>No stacks were recorded, so nobody can tell where this comes from. Record with <code>--mode full</code> or <code>--mode sample</code> to see.</Verdict>}
    <Table caption={caption} rows={rows} columns={columns} keyOf={siteKey} empty={empty} more={more} sorted={sorted}
      detail={(row) => <SiteDetail row={row} timed={timed} />} />
  </>;
}
