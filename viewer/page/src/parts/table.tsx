import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import * as format from '../format';
import { change, usePlace } from '../router';
import { TableFoot } from './table_foot';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly value: (row: Row) => number | string | null | undefined;
  readonly show?: (row: Row) => ComponentChildren;
  readonly numeric?: boolean;
  /** Ordered by the report, over all rows and not only those that are here. */
  readonly ask?: () => void;
  readonly wide?: boolean;
  readonly roomy?: boolean;
}

/** There are more rows than these: asks for them, or one file does not hold them. */
export type More = (() => void) | 'not held' | undefined;

interface Props<Row> {
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly detail?: (row: Row) => ComponentChildren;
  readonly empty: string;
  /** Prefix of this table's part of the link, where a view has several tables. */
  readonly id?: string;
  readonly sorted?: string;
  readonly search?: boolean;
  readonly more?: More;
  readonly page?: number;
}

export const columnOf = {
  bytes: <Row,>(key: string, title: string, value: (row: Row) => number | null | undefined): Column<Row> =>
    ({ key, title, value, numeric: true, show: (row) => { const v = value(row); return v == null ? '–' : format.bytes(v); } }),
  count: <Row,>(key: string, title: string, value: (row: Row) => number | null | undefined): Column<Row> =>
    ({ key, title, value, numeric: true, show: (row) => { const v = value(row); return v == null ? '–' : format.count(v); } }),
  share: <Row,>(key: string, title: string, value: (row: Row) => number | null | undefined): Column<Row> =>
    ({ key, title, value, numeric: true, show: (row) => { const v = value(row); return v == null ? '–' : format.share(v); } }),
  seconds: <Row,>(key: string, title: string, value: (row: Row) => number | null | undefined): Column<Row> =>
    ({ key, title, value, numeric: true, show: (row) => { const v = value(row); return v == null ? '–' : format.seconds(v); } }),
  text: <Row,>(key: string, title: string, value: (row: Row) => string | null | undefined): Column<Row> =>
    ({ key, title, value, show: (row) => <bdi>{format.shorten(value(row) ?? '–', 200)}</bdi> }),
};

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a == null || b == null) return a == null ? (b == null ? 0 : -1) : 1;
  return String(a).localeCompare(String(b));
}

function textOf(row: unknown): string {
  const { function: name, file, module, label, kind } = row as Record<string, unknown>;
  return [name, file, module, label, kind].filter((part) => typeof part === 'string').join(' ').toLowerCase();
}

export function Table<Row>(props: Props<Row>) {
  const { columns, keyOf, detail, page = 20, id = '' } = props;
  const { params } = usePlace();
  const sortKey = `${id}sort`;
  const openKey = `${id}open`;
  const shownKey = `${id}rows`;
  const sort = params[sortKey] ?? '';
  const open = useMemo(() => new Set((params[openKey] ?? '').split(',').filter(Boolean)), [params[openKey]]);
  const query = props.search === false ? '' : (params['q'] ?? '').toLowerCase();
  const most = Math.max(page, Number(params[shownKey]) || 0);
  const [current, setCurrent] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);

  const rows = useMemo(() => {
    let list = query ? props.rows.filter((row) => textOf(row).includes(query)) : [...props.rows];
    const column = columns.find((c) => c.key === sort.replace(/^-/, ''));
    if (column && !column.ask) {
      const sign = sort.startsWith('-') ? -1 : 1;
      list = list.map((row, i) => [row, i] as const)
        .sort((a, b) => sign * compare(column.value(a[0]), column.value(b[0])) || a[1] - b[1])
        .map(([row]) => row);
    }
    return list;
  }, [props.rows, query, sort, columns]);

  if (props.rows.length === 0) return <p class="empty">{props.empty}</p>;

  const shown = rows.slice(0, most);
  const focusRow = (to: number) => {
    const next = Math.max(0, Math.min(shown.length - 1, to));
    setCurrent(next);
    body.current?.querySelectorAll<HTMLElement>('[data-row]')[next]?.focus();
  };
  const toggle = (row: Row) => {
    const next = new Set(open);
    const key = keyOf(row);
    if (!next.delete(key)) next.add(key);
    change({ [openKey]: [...next].join(',') || undefined });
  };
  const onKey = (event: JSX.TargetedKeyboardEvent<HTMLElement>, at: number) => {
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1,
      PageDown: at + 10, PageUp: at - 10 };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focusRow(to);
    } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      const row = shown[at];
      if (row && detail && open.has(keyOf(row)) !== (event.key === 'ArrowRight')) toggle(row);
    }
  };
  const sortBy = (column: Column<Row>) => {
    if (column.ask) {
      change({ [sortKey]: undefined });
      column.ask();
      return;
    }
    const first = column.numeric ? `-${column.key}` : column.key;
    const second = column.numeric ? column.key : `-${column.key}`;
    change({ [sortKey]: sort === first ? second : sort === second ? undefined : first });
  };
  const direction = (column: Column<Row>) => {
    if (sort === column.key) return 'ascending' as const;
    if (sort === `-${column.key}` || (!sort && props.sorted === column.key)) return 'descending' as const;
    return undefined;
  };

  return <div class="table">
    <div class="table-scroll" tabIndex={-1}>
      <table>
        <caption>{props.caption}</caption>
        <thead>
          <tr>{columns.map((column) => <th key={column.key} scope="col" class={column.numeric ? 'number' : ''}
            aria-sort={direction(column)}>
            <button type="button" onClick={() => sortBy(column)}>{column.title}<span class="order" aria-hidden="true" /></button>
          </th>)}</tr>
        </thead>
        <tbody ref={body}>
          {shown.map((row, at) => {
            const key = keyOf(row);
            const isOpen = open.has(key);
            return [
              <tr key={key} class={isOpen ? 'open' : ''}>
                {columns.map((column, place) => {
                  const content = column.show ? column.show(row) : column.value(row);
                  const classes = `${column.numeric ? 'number' : ''} ${column.wide ? 'wide' : ''}${column.roomy ? 'roomy' : ''}`;
                  if (!column.wide) return <td key={column.key} class={classes}>{content}</td>;
                  return <th key={column.key} scope="row" class={classes}>
                    {detail ? <button type="button" class="disclose" data-row={place} aria-expanded={isOpen}
                      tabIndex={at === Math.min(current, shown.length - 1) ? 0 : -1} onFocus={() => setCurrent(at)}
                      onClick={() => toggle(row)} onKeyDown={(event) => onKey(event, at)}>
                      <span class="arrow" aria-hidden="true" />{content}</button>
                      : <span data-row={place} tabIndex={at === Math.min(current, shown.length - 1) ? 0 : -1}
                        onFocus={() => setCurrent(at)} onKeyDown={(event) => onKey(event, at)}>{content}</span>}
                  </th>;
                })}
              </tr>,
              isOpen && detail && <tr key={`${key} detail`} class="detail"><td colSpan={columns.length}>{detail(row)}</td></tr>,
            ];
          })}
        </tbody>
      </table>
    </div>
    <TableFoot here={props.rows.length} found={rows.length} shown={shown.length} query={query && (params['q'] ?? '')} more={props.more} page={page}
      onShow={(count) => change({ [shownKey]: String(count) })} />
  </div>;
}
