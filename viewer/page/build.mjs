// Writes page.html and requests.json into HEAPSCRIBE_PAGE_OUT.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const out = process.env.HEAPSCRIBE_PAGE_OUT;
if (!out) throw new Error("HEAPSCRIBE_PAGE_OUT does not say where to write");

const bundled = await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  charset: "utf8",
  target: "es2020",
  write: false,
});
const parts = {
  "/*style*/": readFileSync("src/style.css", "utf8"),
  "/*script*/": bundled.outputFiles[0].text,
};
const page = readFileSync("src/index.html", "utf8").replace(/\/\*(style|script)\*\//g, (mark) => parts[mark]);
writeFileSync(join(out, "page.html"), page);
writeFileSync(join(out, "requests.json"), readFileSync("src/requests.json"));
