import { useEffect, useState } from 'preact/hooks';
import { isStatic, request, useAnswer } from '../answers';
import * as format from '../format';
import { Lead, Shown, Verdict } from '../parts/basics';
import { Search } from '../parts/filter_bar';
import { Table } from '../parts/table';
import { change, linkTo, usePlace } from '../router';

export const id = 'query';
export const title = 'Ask in SQL';
export const group = 'The recording';
export const order = 2;
export const letter = 'q';

const kMost = 1000;
const kSchema = 'SELECT name, type FROM sqlite_schema WHERE type IN (\'table\', \'view\') AND name NOT LIKE \'sqlite_%\' ORDER BY type DESC, name';

type Row = Readonly<Record<string, string | number | null>>;

const examples: readonly (readonly [title: string, sql: string])[] = [
  ['How was it recorded?', 'SELECT key, value FROM recording'],
  ['Who allocates most often?', 'SELECT function, file, line, allocations, bytes FROM hotspots ORDER BY allocations DESC LIMIT 20'],
  ['Which module holds most at the end?', 'SELECT module, sum(live_bytes) AS live_bytes, sum(live_blocks) AS live_blocks FROM hotspots GROUP BY module ORDER BY live_bytes DESC'],
  ['Which thread allocates what?', 'SELECT * FROM thread'],
];

function Answered({ sql }: { sql: string }) {
  const answer = useAnswer<Row[]>(request('query', { sql, limit: kMost }));
  return <Shown answer={answer}>{(rows) => {
    const keys = Object.keys(rows[0] ?? {});
    const isText = (key: string) => rows.some((row) => typeof row[key] === 'string');
    const first = keys.find(isText) ?? keys[0];
    return <>
      {rows.length === kMost && <Verdict>These are the first {format.count(kMost)} rows. <code>LIMIT</code> and <code>OFFSET</code> reach others.</Verdict>}
      <Table caption="Answer" rows={rows} keyOf={(row) => String(rows.indexOf(row))} empty="No rows." page={50}
        columns={keys.map((key) => ({ key, title: key, wide: key === first, value: (row: Row) => row[key],
          numeric: !isText(key),
          show: (row: Row) => row[key] === null ? <span class="muted">NULL</span> : <bdi>{format.shorten(String(row[key]), 160)}</bdi> }))} />
    </>;
  }}</Shown>;
}

function Schema() {
  const answer = useAnswer<{ name: string; type: string }[]>(request('query', { sql: kSchema, limit: kMost }));
  return <Shown answer={answer} quiet>{(rows) => <section><h2>Tables and views</h2>
    <ul class="words">{rows.map((row) => <li key={row.name}>
      <a href={linkTo('query', { sql: `SELECT * FROM ${row.name} LIMIT 100` })}>{row.name}</a>{row.type === 'view' && <span class="tag">view</span>}</li>)}</ul>
    <p class="muted">Every table and column is explained in <code>preload/capture/schema.sql</code> of heapscribe’s sources, and by
      {' '}<a href={linkTo('query', { sql: 'SELECT name, sql FROM sqlite_schema' })}>the recording itself</a>.</p></section>}</Shown>;
}

function Form({ sql }: { sql: string }) {
  const [text, setText] = useState(sql);
  useEffect(() => setText(sql), [sql]);
  const run = () => change({ sql: text.trim() || undefined }, 'step');
  return <form class="sql" onSubmit={(event) => { event.preventDefault(); run(); }}>
    <label for="sql">One statement that reads</label>
    <textarea id="sql" rows={5} spellcheck={false} autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); } }} />
    <div class="controls"><button type="submit">Ask</button><span class="muted"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span></div>
  </form>;
}

export function component() {
  const { params } = usePlace();
  const sql = params['sql'] ?? '';
  if (isStatic()) return <Verdict>This page is one file and answers no questions. To ask in SQL: <code>heapscribe view DB</code> or <code>heapscribe query DB 'SQL'</code>.</Verdict>;
  return <>
    <Lead>The recording is an SQLite database; what no report answers can be asked here. Nothing can be changed.</Lead>
    <Form sql={sql} />
    {sql ? <><div class="controls"><Search /></div><Answered key={sql} sql={sql} /></> : <section><h2>For example</h2>
      <ul class="words">{examples.map(([words, example]) => <li key={words}><a href={linkTo('query', { sql: example })}>{words}</a></li>)}</ul></section>}
    <Schema />
  </>;
}
