// Writes page.html, with script and style inline, and requests.json into HEAPSCRIBE_PAGE_OUT.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.env.HEAPSCRIBE_PAGE_OUT ?? join(here, 'dist'));

const views = {
  name: 'views',
  setup(build) {
    build.onResolve({ filter: /^virtual:views$/ }, () => ({ path: 'views', namespace: 'views' }));
    build.onLoad({ filter: /.*/, namespace: 'views' }, () => {
      const files = readdirSync(join(here, 'src/views')).filter((name) => name.endsWith('.tsx')).sort();
      const imports = files.map((name, i) => `import * as v${i} from './src/views/${name}';`);
      return {
        contents: `${imports.join('\n')}\nexport const modules = [${files.map((_, i) => `v${i}`)}];`,
        loader: 'js',
        resolveDir: here,
      };
    });
  },
};

const common = {
  bundle: true,
  write: false,
  absWorkingDir: here,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  target: 'es2021',
  charset: 'utf8',
  logLevel: 'warning',
  plugins: [views],
};

// What the licences of the parts that are in the bundle ask for.
function notices() {
  const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  return Object.keys(dependencies).sort().map((name) => {
    const folder = join(here, 'node_modules', name);
    const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
    if (!file) throw new Error(`${name} brings no licence`);
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
  }).join('\n\n').replaceAll('--', '- -');
}

async function page() {
  const result = await esbuild.build({
    ...common,
    entryPoints: ['src/main.tsx'],
    outfile: 'page.js',
    format: 'esm',
    minify: true,
    legalComments: 'none',
  });
  const text = (end) => result.outputFiles.find((file) => file.path.endsWith(end))?.text.trim() ?? '';
  const script = text('.js').replace(/<\/(script|body|head)/gi, '<\\/$1').replaceAll('<!--', '<\\!--');
  const style = text('.css');
  const holes = { STYLE: style, SCRIPT: script, NOTICES: notices() };
  return readFileSync(join(here, 'src/page.html'), 'utf8')
      .replace(/@(STYLE|SCRIPT|NOTICES)@/g, (_, name) => holes[name]);
}

async function requests() {
  const result = await esbuild.build({
    ...common,
    entryPoints: ['src/requests.ts'],
    outfile: 'requests.mjs',
    format: 'esm',
    platform: 'node',
    loader: { '.css': 'empty' },
  });
  const file = join(out, '.requests.mjs');
  writeFileSync(file, result.outputFiles.find((output) => output.path.endsWith('.mjs')).text);
  const { allRequests } = await import(pathToFileURL(file));
  rmSync(file);
  return allRequests();
}

mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'page.html'), await page());
writeFileSync(join(out, 'requests.json'), JSON.stringify(await requests(), null, 1) + '\n');
