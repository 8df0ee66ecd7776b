// The built page as C++: node page_source.mjs PAGE.html REQUESTS.json OUT.cpp
// What the browser may run is told by hashes, so that nothing but the page's own script and style can.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [pagePath, requestsPath, outPath] = process.argv.slice(2);

function refuse(sentence) {
  console.error(`${pagePath}: ${sentence}`);
  process.exit(1);
}

// The hash of a script is that of its text with line feeds only, as browsers read it.
const page = readFileSync(pagePath, "utf8").replace(/\r\n?/g, "\n");
const requests = JSON.stringify(JSON.parse(readFileSync(requestsPath, "utf8")));

const hashes = { script: [], style: [] };
for (const [, name, attributes, text] of page.matchAll(/<(script|style)\b([^>]*)>([\s\S]*?)<\/\1\s*>/gi)) {
  if (/\bsrc\s*=/i.test(attributes)) refuse("a script lies in another file, the page must be one");
  hashes[name.toLowerCase()].push(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
}
if (hashes.script.length === 0) refuse("the page has no script");
if (/<link\b[^>]*\bstylesheet\b/i.test(page.replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, ""))) {
  refuse("a style sheet lies in another file, the page must be one");
}

// Compilers take long literals, but not of any length.
function literal(text) {
  const parts = text.match(/[\s\S]{1,8000}/gu) ?? [""];
  return parts.map((part) => `R"heapscribe(${part})heapscribe"`).join("\n    ");
}
function literals(list) {
  return `"${list.length === 0 ? "'none'" : list.join(" ")}"`;
}

writeFileSync(
  outPath,
  `#include "viewer/server/page.h"

namespace heapscribe::viewer {

using namespace std::string_view_literals;

const Page& built_page() {
  static constexpr Page kPage{
    .html = ${literal(page)}sv,
    .requests = ${literal(requests)}sv,
    .scripts = ${literals(hashes.script)},
    .styles = ${literals(hashes.style)}};
  return kPage;
}

}  // namespace heapscribe::viewer
`,
);
