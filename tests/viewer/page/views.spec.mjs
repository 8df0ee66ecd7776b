import { baseline, bytes, expect, goTo, report, recording, settled, test, textReport, views } from './viewing.mjs';

for (const name of ['leaky', 'growing', 'cascade', 'sections', 'sampled', 'counted', 'pool', 'released', 'traced', 'quiet', 'empty', 'killed']) {
  test(`every view of ${name} opens`, async ({ page, open }) => {
    await open(name);
    for (const view of views) {
      await goTo(page, `#/${view}`);
      await expect(page.locator('h1')).not.toHaveText('There is no such report');
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} fits the window`).toBe(true);
    }
  });
}

for (const name of ['redis', 'compiler', 'sqlite']) {
  test(`every view of ${name} opens and shows its figures`, async ({ page, open }) => {
    await open(name);
    for (const view of views) {
      await goTo(page, `#/${view}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} fits the window`).toBe(true);
    }
    await goTo(page, '#/overview');
    const peak = /peak\s+([\d.]+ \w+)/.exec(textReport('summary', recording(name)))[1];
    await expect(page.locator('.figures dd').first()).toContainText(peak);
  });
}

test('every view of the page in one file opens', async ({ page, open }) => {
  await open('leaky', { asFile: true });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  for (const view of views) {
    await goTo(page, `#/${view}`);
    // This run was recorded without --trace, and the report says so.
    if (view !== 'trace') await expect(page.locator('.problem'), view).toHaveCount(0);
  }
  await goTo(page, '#/source');
  await page.locator('tbody a').first().click();
  await settled(page);
  await expect(page.locator('table.code tr td.text').first()).toBeVisible();
  expect(asked).toEqual([]);
});

test('two recordings are compared', async ({ page, open }) => {
  await open('before', { hash: '#/diff?by=bytes', other: 'after' });
  await settled(page);
  const [worst] = report('diff', recording('before'), recording('after'), '--by', 'bytes');
  await expect(page.locator('tbody tr').first()).toContainText(worst.change);
  await expect(page.locator('.verdict')).toContainText('Look first at');
  await goTo(page, '#/compare');
  await expect(page.locator('h1')).toHaveText('Before and after');
});

test('figures are those of the command line', async ({ page, open }) => {
  await open('leaky');
  await settled(page);
  const text = textReport('summary', recording('leaky'));
  const figure = (title) => page.locator('.figures > div', { has: page.locator('dt', { hasText: new RegExp(`^${title}$`) }) });
  const peak = /peak\s+([\d.]+ \w+)/.exec(text)[1];
  await expect(figure('Peak').locator('dd')).toContainText(peak);
  const [, count, size] = /allocations\s+([\d,]+)\s+([\d.]+ \w+)/.exec(text);
  await expect(figure('Allocated').locator('dd')).toContainText(size);
  await expect(figure('Allocated').locator('dd')).toContainText(`${count} allocations`);
  for (const finding of report('summary', recording('leaky')).findings) {
    await expect(page.locator('.findings')).toContainText(finding.sentence);
  }
});

test('rows of tables are those of the command line', async ({ page, open }) => {
  await open('growing', { hash: '#/hotspots' });
  await settled(page);
  const text = textReport('hotspots', recording('growing'));
  const rows = [...text.matchAll(/^\s*([\d.]+ [KMG]?i?B)\s+([\d.<>]+ %)\s+([\d,]+)\s/gm)].map((match) => match.slice(1));
  expect(rows.length).toBeGreaterThan(3);
  const shown = await page.locator('tbody tr').evaluateAll((list) => list.map((row) => row.innerText.replace(/\s+/g, ' ')));
  rows.forEach(([bytes, share, allocations], i) => {
    expect(shown[i]).toContain(bytes);
    expect(shown[i]).toContain(share);
    expect(shown[i]).toContain(allocations);
  });
});

test('lost blocks are shown with what to do', async ({ page, open }) => {
  await open('leaky', { hash: '#/leaks' });
  await settled(page);
  await expect(page.locator('.verdict')).toContainText('AnswerCache::remember');
  await expect(page.locator('.verdict')).toContainText('999');
  await expect(page.locator('.verdict')).toContainText('give them an owner');
});

test('a recording without leak check says why', async ({ page, open }) => {
  await open('counted', { hash: '#/leaks' });
  await settled(page);
  await expect(page.locator('.notes').first()).toContainText('only --mode full knows every block');
});

test('a recording without stacks says so instead of praise', async ({ page, open }) => {
  await open('counted');
  await settled(page);
  await expect(page.locator('.verdict')).toContainText('Totals only were recorded');
  await goTo(page, '#/flame');
  await expect(page.locator('.empty')).toContainText('No stacks were recorded');
});

test('estimates carry their errors', async ({ page, open }) => {
  await open('sampled', { hash: '#/hotspots' });
  await settled(page);
  await expect(page.locator('.notes')).toContainText('Estimated from a random sample');
});

test('a frame leads to its line, with what that allocates', async ({ page, open }) => {
  await open('growing', { hash: '#/hotspots' });
  await settled(page);
  await page.locator('.disclose').first().click();
  await page.locator('tr.detail a.source-place', { hasText: 'leaking_server.cpp' }).first().click();
  await settled(page);
  await expect(page.locator('h1')).toHaveText('Source');
  const line = Number(await page.locator('tr.chosen th').innerText());
  const file = report('source', recording('growing'))[0].file;
  const row = report('source', recording('growing'), '--file', file).find((candidate) => candidate.line === line);
  await expect(page.locator('tr.chosen td').nth(1)).toHaveText(bytes(row.through_bytes));
  await expect(page.locator('tr.chosen td.text')).toHaveText(row.text);
  await goTo(page, '#/source');
  await expect(page.locator('tbody tr').first()).toContainText(file);
});

test('the page over time is the timeline of the command line', async ({ page, open }) => {
  await open('growing', { hash: '#/timeline' });
  await settled(page);
  const points = report('timeline', recording('growing'), '--limit', '1000');
  await page.locator('summary', { hasText: 'The same as a table' }).click();
  await expect(page.locator('.table-foot')).toContainText(`of ${points.length} rows`);
  await expect(page.locator('tbody tr').nth(5)).toContainText(bytes(points[5].live_bytes));
  await goTo(page, '#/growth');
  await expect(page.locator('td .sparkline').first()).toBeVisible();
});

test('every event of a trace is there, and one block can be followed', async ({ page, open }) => {
  await open('traced', { hash: '#/trace' });
  await settled(page);
  const address = await page.locator('tbody tr').nth(2).locator('td button').first().innerText();
  await page.locator('tbody tr').nth(2).locator('td button').first().click();
  await settled(page);
  await expect(page.locator('.chip')).toContainText(address);
  const rows = page.locator('tbody tr');
  expect(await rows.count()).toBeGreaterThan(1);
  for (const text of await rows.allInnerTexts()) expect(text).toContain(address);
  await page.locator('.chip button').click();
  await expect(page.locator('.chip')).toHaveCount(0);
});

test('a question in SQL is answered, and a wrong one gets its sentence', async ({ page, open }) => {
  await open('leaky', { hash: '#/query' });
  await settled(page);
  await page.getByLabel('One statement that reads').fill('SELECT function, allocations FROM hotspots ORDER BY allocations DESC');
  await page.keyboard.press('Control+Enter');
  await settled(page);
  const [most] = report('hotspots', recording('leaky'), '--by', 'allocations');
  await expect(page.locator('tbody tr').first()).toContainText(String(most.allocations));
  await goTo(page, `#/query?sql=${encodeURIComponent('SELECT 9007199254740993 AS a, -9223372036854775807 AS b')}`);
  await expect(page.locator('tbody tr').first()).toContainText('9007199254740993');
  await expect(page.locator('tbody tr').first()).toContainText('-9223372036854775807');
  await page.getByLabel('One statement that reads').fill('SELEC 1');
  await page.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(page.locator('.problem')).toContainText('syntax error');
  await page.getByRole('link', { name: 'thread', exact: true }).click();
  await settled(page);
  await expect(page.getByLabel('One statement that reads')).toHaveValue('SELECT * FROM thread LIMIT 100');
});

test('a recording stands beside its baseline', async ({ page, open }) => {
  await open('after', { hash: '#/check', baseline: 'before' });
  await settled(page);
  await expect(page.locator('.verdict')).toContainText('Failed: 1 call path');
  const worst = report('check', recording('after'), '--baseline', baseline('before')).rises[0];
  await expect(page.locator('table').nth(1)).toContainText(`+${(worst.new_allocations - worst.old_allocations).toLocaleString('en')}`);
  await page.locator('table').nth(1).locator('button.disclose').click();
  await expect(page.locator('.stack li').first()).toBeVisible();
});

const menu = (page, heading) => page.locator('nav section', { has: page.locator('h2', { hasText: heading }) });
const kLacking = 'Not in this recording';

for (const asFile of [false, true]) {
  test(`what a recording has nothing about stands last in the menu${asFile ? ' of the page in one file' : ''}`, async ({ page, open }) => {
    await open('leaky', { asFile });
    await settled(page);
    await expect(page.locator('nav h2').last()).toHaveText(kLacking);
    await expect(menu(page, kLacking).locator('a')).toHaveText(['Sections heapscribe.h', 'Releases run --free-stacks', 'Events run --trace',
      'Before and after view DB OTHER', 'Against the baseline view DB --baseline FILE', 'Pools run --allocator pool']);
    await expect(menu(page, 'Where').locator('a', { hasText: 'Releases' })).toHaveCount(0);
    for (const [view, sentence] of [['sections', 'named no sections'], ['releases', 'heapscribe run --free-stacks'],
      ['compare', 'heapscribe view leaky.db OTHER.db'], ['pools', 'heapscribe run --allocator pool'],
      ['trace', 'heapscribe run --trace'], ['check', '--baseline FILE']]) {
      await goTo(page, `#/${view}`);
      await expect(page.locator('.verdict'), view).toContainText(sentence);
      await expect(page.locator('.problem')).toHaveCount(0);
      await expect(menu(page, kLacking).locator('[aria-current]')).toHaveCount(1);
    }
  });
}

for (const [name, view, group] of [['sections', 'Sections', 'Where'], ['released', 'Releases', 'Where'], ['pool', 'Pools', 'The recording']]) {
  test(`${view} of a recording that has them stand in their group`, async ({ page, open }) => {
    await open(name);
    await expect(menu(page, group).locator('a', { hasText: view })).toBeVisible();
    await expect(menu(page, kLacking).locator('a', { hasText: view })).toHaveCount(0);
    await page.locator('nav a', { hasText: view }).click();
    await settled(page);
    await expect(page.locator('table')).toBeVisible();
  });
}

for (const width of [1280, 800]) {
  for (const colorScheme of ['light', 'dark']) {
    test.describe(`${width} pixels, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 700 }, colorScheme });
      test('figures and numbers stay beside long lines', async ({ page, open }) => {
        await open('wide', { hash: '#/source' });
        await settled(page);
        await page.locator('tbody a', { hasText: 'wide.cpp' }).click();
        await settled(page);
        const row = page.locator('tbody tr', { hasText: 'int main()' });
        const places = () => row.locator('.number').evaluateAll((cells) => cells.map((cell) => {
          const { x, y, width, height } = cell.getBoundingClientRect();
          const seen = document.elementFromPoint(x + width - 3, y + height / 2);
          return { x, width, seen: cell.contains(seen), opaque: /^rgb\(/.test(getComputedStyle(cell).backgroundColor) };
        }));
        const before = await places();
        expect(before).toHaveLength(3);
        const moved = await page.locator('.table-scroll').evaluate((scroll) => { scroll.scrollLeft = 500; return scroll.scrollLeft; });
        expect(moved).toBe(500);
        expect(await places()).toEqual(before);
        for (const place of before) expect(place).toMatchObject({ seen: true, opaque: true });
        for (const i of [1, 2]) expect(before[i].x).toBeCloseTo(before[i - 1].x + before[i - 1].width, 0);
      });
    });
  }
}

test('a comparison says what is not known and writes differences with their sign', async ({ page, open }) => {
  await open('after', { hash: '#/compare', other: 'before' });
  await settled(page);
  const { metrics, places } = report('compare', recording('after'), recording('before'));
  const figures = page.locator('table').first().locator('tbody tr');
  for (const [i, { metric, before, delta }] of metrics.entries()) {
    if (before === null) await expect(figures.nth(i).locator('td').first(), metric).toHaveText('not known');
    else if (delta < 0) await expect(figures.nth(i).locator('td').nth(2), metric).toHaveText(/^-[\d.,]+( (ms|s|[KM]iB|B))?$/);
  }
  await expect(figures.last().locator('th')).toHaveText('duration');
  await expect(page.locator('table').nth(1).locator('tbody tr')).toHaveCount(places.filter(({ delta }) => delta !== 0).length);
});

test('the pool is judged as on the command line', async ({ page, open }) => {
  await open('pooled', { hash: '#/pools' });
  await settled(page);
  const { verdict } = report('pools', recording('pooled'));
  await expect(page.locator('.verdict')).toContainText(verdict);
  expect(textReport('pools', recording('pooled')).replace(/\s+/g, ' ')).toContain(verdict);
});

test('losses come first, without a claim that figures are too low', async ({ page, open }) => {
  await open('lossy', { hash: '#/losses' });
  await settled(page);
  await expect(page.locator('.verdict')).toContainText('Not everything could be recorded.');
  await expect(page.locator('.verdict')).not.toContainText('too low');
  await expect(page.locator('tbody tr').first()).toContainText('truncated stacks');
  await expect(page.locator('tbody tr').nth(1)).toContainText('unkept markers');
});

for (const colorScheme of ['light', 'dark']) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test('the legend of the difference has the colours of its graph', async ({ page, open }) => {
      await open('before', { hash: '#/diff?look=graph', other: 'after' });
      await settled(page);
      const legend = await page.locator('.module.more .swatch').evaluate((swatch) => getComputedStyle(swatch).backgroundColor);
      const drawn = () => page.locator('canvas').first().evaluate((canvas) => {
        const [red, green, blue] = canvas.getContext('2d').getImageData(canvas.width * 0.9, 8, 1, 1).data;
        return `rgb(${red}, ${green}, ${blue})`;
      });
      await expect.poll(drawn).toBe(legend);
    });
  });
}

test('who allocated and who released have the same room', async ({ page, open }) => {
  await open('released', { hash: '#/releases' });
  await settled(page);
  const row = page.locator('tbody tr').first();
  const width = async (cell) => (await row.locator(cell).boundingBox()).width;
  expect(Math.abs(await width('.wide') - await width('.roomy'))).toBeLessThan(60);
});
