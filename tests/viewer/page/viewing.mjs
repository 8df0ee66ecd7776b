// Recordings to look at, and the page that shows one: served, or as one file.
//   HEAPSCRIBE          the program                            default build/bin/heapscribe
//   HEAPSCRIBE_SAMPLES  folder of the sample programs          default build/samples
//   HEAPSCRIBE_SUPPORT  tests/support
//   HEAPSCRIBE_VIEW     what to call instead of `heapscribe view`
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test as base } from '@playwright/test';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const heapscribe = process.env.HEAPSCRIBE ?? join(top, 'build/bin/heapscribe');
const samples = process.env.HEAPSCRIBE_SAMPLES ?? join(top, 'build/samples');
const support = process.env.HEAPSCRIBE_SUPPORT ?? join(top, 'tests/support');
const view = (process.env.HEAPSCRIBE_VIEW ?? `${heapscribe} view`).split(' ');
export const folder = join(tmpdir(), `heapscribe-page-tests-${process.ppid}`);

const recipes = {
  leaky: { program: [join(samples, 'leaky_cache')] },
  empty: { program: ['true'] },
  quiet: { program: [join(samples, 'quiet')] },
  cascade: { program: [join(samples, 'destructor_cascade')] },
  sections: { program: [join(samples, 'sections')] },
  growing: { options: ['--snapshot-every', '1s'], program: [join(samples, 'leaking_server'), '6'] },
  sampled: { options: ['--mode', 'sample', '--sample', '64KiB'], program: [join(samples, 'price_list_before')] },
  counted: { options: ['--mode', 'counts'], program: [join(samples, 'price_list_before')] },
  pool: { options: ['--allocator', 'pool'], program: [join(samples, 'price_list_before')] },
  pooled: { options: ['--allocator', 'pool'], program: [join(samples, 'leaky_cache')] },
  released: { options: ['--free-stacks'], program: [join(samples, 'price_list_before')] },
  traced: { options: ['--trace'], program: [join(samples, 'price_list_before')] },
  before: { program: [join(samples, 'price_list_before')] },
  after: { program: [join(samples, 'price_list_slower')] },
};

const hostile = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
names = ["<img src=x onerror=window.hurt=1>", "<script>window.hurt=1</script>", "\\u202eevil\\u202c(rtl)", "a" * 65536,
         "</script><b>", "javascript:window.hurt=1", "new\\nline\\ttab\\x1b[31m"]
for i, (id,) in enumerate(db.execute("SELECT id FROM function ORDER BY id").fetchall()):
    db.execute("UPDATE function SET name = ? WHERE id = ?", (names[i % len(names)] + str(i), id))
row = db.execute("SELECT max(id) FROM function").fetchone()[0]
db.execute("UPDATE function SET name = CAST(x'ff3c623efe' AS TEXT) WHERE id = ?", (row,))
db.execute("UPDATE recording SET value = '<b onclick=x>prog' WHERE key = 'program'")
db.commit()
`;

const compiled = `
set -e
printf '#include <map>\\n#include <string>\\nint main() { std::map<std::string, int> m; return m.size(); }\\n' > "$2/x.cpp"
g++ -E "$2/x.cpp" -o "$2/x.ii"
"$0" run --quiet -o "$1" -- "$(g++ -print-prog-name=cc1plus)" -quiet "$2/x.ii" -O1 -o /dev/null
`;

const redis = `
set -e
"$0" run --quiet --snapshot-every 1s -o "$1" -- redis-server --port 0 --unixsocket "$2/redis.sock" --save '' --dir "$2" &
for i in $(seq 100); do redis-cli -s "$2/redis.sock" ping && break; sleep 0.1; done
redis-benchmark -s "$2/redis.sock" -n 5000 -c 5 -r 10000 -q -t set,get,lpush
sleep 1
redis-cli -s "$2/redis.sock" shutdown nosave || true
wait
`;

// With lines that are longer than any window; the source stays, to be read.
const wide = `
set -e
source="$(dirname "$2")/wide.cpp"
printf '#include <string>\nint main() { std::string all; for (int i = 0; i < 100; ++i) { all += std::string(i, 120); %s } return all.empty(); }\n' \
  "/* $(printf 'x%.0s' {1..300}) */" > "$source"
g++ -g "$source" -o "$2/wide"
"$0" run --quiet -o "$1" -- "$2/wide"
`;

// Some events were lost; the figures are made up.
const lossy = `
set -e
"$0" run --quiet -o "$1" -- true
sqlite3 "$1" "UPDATE loss SET events = 1234 WHERE kind = 'truncated_stacks'; UPDATE loss SET events = 7 WHERE kind = 'unkept_markers'"
`;

// It ends like one that the system killed.
const killed = `
"$0" run --quiet -o "$1" -- perl -e 'my @kept = map { "x" x 1000 } 1..20000; select(undef, undef, undef, 1.5); kill KILL => $$'
[ -e "$1" ]
`;

// A leak check was asked for, and it was killed later.
const asked = `
"$0" run --quiet -o "$1" -- perl -e 'my @kept = map { "x" x 1000 } 1..2000; open F, ">", $ARGV[0]; print F "$$\\n"; close F;
  for (1..1200) { select undef, undef, undef, 0.05; push @kept, "y" x 1000 }' "$2/pid" &
until [ -s "$2/pid" ]; do sleep 0.1; done
"$0" ctl "$(cat "$2/pid")" leaks
kill -KILL "$(cat "$2/pid")"
wait
[ -e "$1" ]
`;

const sqlite = `
"$0" run --quiet -o "$1" -- sqlite3 :memory: 'CREATE TABLE t(a, b); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c
  LIMIT 20000) INSERT INTO t SELECT x, hex(randomblob(20)) FROM c; CREATE INDEX i ON t(b); SELECT count(*) FROM t GROUP BY b LIMIT 3;'
`;

const idle = `
echo 'int main(void) { return 0; }' > "$2/idle.c"
gcc -o "$2/idle" "$2/idle.c"
"$0" run --quiet -o "$1" -- "$2/idle"
`;

const scripts = { idle, compiler: compiled, redis, freeing: redis.replace('--snapshot-every 1s', '--free-stacks'), killed, asked, sqlite, wide, lossy };

/** Made once for all workers; whoever comes second waits. */
export function recording(name) {
  mkdirSync(folder, { recursive: true });
  const made = join(folder, `${name}.db`);
  if (existsSync(made)) return made;
  const work = mkdtempSync(join(folder, 'work-'));
  const draft = join(work, 'draft.db');
  if (name === 'hostile') {
    execFileSync(heapscribe, ['run', '--quiet', '-o', draft, '--', ...recipes.before.program], { stdio: 'ignore' });
    execFileSync('python3', ['-c', hostile, draft]);
  } else if (scripts[name]) {
    execFileSync('bash', ['-c', scripts[name], heapscribe, draft, work], { stdio: 'ignore' });
  } else if (name === 'large') {
    execFileSync('python3', [join(support, 'make_large_capture.py'), draft]);
  } else {
    const { options = [], program } = recipes[name];
    execFileSync(heapscribe, ['run', '--quiet', '-o', draft, ...options, '--', ...program], { stdio: 'ignore' });
  }
  if (!existsSync(made)) renameSync(draft, made);
  rmSync(work, { recursive: true, force: true });
  return made;
}

/** Of one recording, for others to be held against. */
export function baseline(name) {
  const made = `${recording(name)}.toml`;
  if (!existsSync(made)) execFileSync(heapscribe, ['check', recording(name), '--baseline', made, '--update'], { stdio: 'ignore' });
  return made;
}

export function sample(name) {
  return join(samples, name);
}

export function report(name, ...args) {
  const run = spawnSync(heapscribe, [name, ...args, '--format', 'json'], { encoding: 'utf8', maxBuffer: 1 << 30 });
  return JSON.parse(run.stdout);
}

export function textReport(name, ...args) {
  return execFileSync(heapscribe, [name, ...args], { encoding: 'utf8' });
}

/** As the reports write it. */
export function bytes(value) {
  const unit = Math.min(3, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return unit === 0 ? `${value} B` : `${(value / 1024 ** unit).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][unit]}`;
}

export async function serve(...databases) {
  const child = spawn(view[0], [...view.slice(1), ...databases], { stdio: ['ignore', 'pipe', 'pipe'] });
  const address = await new Promise((done, failed) => {
    let text = '';
    const read = (chunk) => {
      text += chunk;
      const found = /http:\/\/\S+/.exec(text);
      if (found) done(found[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => failed(new Error(`the viewer ended: ${text}`)));
  });
  return { address: address.replace(/[).,]+$/, ''), end: () => child.kill('SIGTERM') };
}

export function staticPage(database) {
  const out = `${database}.${process.pid}.html`;
  execFileSync(view[0], [...view.slice(1), database, '--static', out], { stdio: 'ignore' });
  return { address: pathToFileURL(out).href, html: readFileSync(out, 'utf8'), end: () => rmSync(out) };
}

export const views = ['overview', 'flame', 'hotspots', 'peak', 'sections', 'sizes', 'releases', 'source', 'timeline', 'growth', 'pauses',
  'snapshots', 'trace', 'leaks', 'health', 'temporary', 'diff', 'compare', 'losses', 'pools', 'query'];

/** `open(recording)` serves it, and fails the test for an error in the console. */
export const test = base.extend({
  open: async ({ page }, use) => {
    const ends = [];
    const problems = [];
    page.on('console', (message) => {
      const refused = message.text().includes('the server responded with a status of 400');
      if (message.type() === 'error' && !refused) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    await use(async (name, { hash = '#/overview', asFile = false, other, baseline: of } = {}) => {
      const served = asFile ? staticPage(recording(name)) : await serve(recording(name), ...(other ? [recording(other)] : []),
        ...(of ? ['--baseline', baseline(of)] : []));
      ends.push(served.end);
      await page.goto(served.address + hash);
      await expect(page.locator('h1')).toBeVisible();
      return served.address;
    });
    ends.forEach((end) => end());
    expect(problems).toEqual([]);
  },
});

/** Nothing is awaited any more. */
export async function settled(page) {
  await expect(page.locator('.waiting')).toHaveCount(0, { timeout: 30_000 });
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0, { timeout: 30_000 });
}

export async function goTo(page, hash) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await settled(page);
}

export { expect };
