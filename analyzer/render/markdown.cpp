// Documents as Markdown, for pull requests and issues: the columns and units of the text.
#include <fmt/format.h>

#include <ostream>

#include "analyzer/render/cell.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kLongestCell = 200;

// Plain text: what Markdown or HTML would interpret is escaped.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') {
      result += "&lt;";
    } else {
      if (std::string_view("\\`*_|[]#").find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
  }
  return result;
}

// A name is code; in a table even there a bar would end the cell.
std::string code(const std::string& text) {
  if (text.empty()) return {};
  std::string result = "`";
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '`' ? '\'' : c;
  }
  return result + '`';
}

std::string cell(const Value& value, const Column& column) {
  const std::string text = fit_foreign(cell_text(value, column.unit), kLongestCell);
  return column.unit == Unit::Name || column.unit == Unit::Stack ? code(text) : escaped(text);
}

void write_row(std::ostream& out, const Table& table, const Row& row, int depth) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (is_shown_in_text(table.columns[i])) last = i;
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!is_shown_in_text(table.columns[i])) continue;
    std::string indent;
    for (int level = 0; i == last && level < depth; ++level) indent += "&emsp;";
    out << "| " << indent << cell(row.values[i], table.columns[i]) << ' ';
  }
  out << "|\n";
  for (const Row& child : row.children) write_row(out, table, child, depth + 1);
}

void write_table(std::ostream& out, const Table& table) {
  if (!table.heading.empty()) out << "### " << escaped(printable(table.heading)) << "\n\n";
  if (table.rows.empty()) {
    if (!table.when_empty.empty()) out << table.when_empty << '\n';
    return;
  }
  std::string titles;
  std::string rule;
  for (const Column& column : table.columns) {
    if (!is_shown_in_text(column)) continue;
    titles += "| " + escaped(column.title) + ' ';
    rule += is_numeric(column.unit) ? "| ---: " : "| --- ";
  }
  out << titles << "|\n" << rule << "|\n";
  for (const Row& row : table.rows) write_row(out, table, row, 0);
}

// Lines laid out for a terminal stay as they are in a code block.
void write_block(std::ostream& out, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out << "\n```\n";
  for (const std::string& line : lines) {
    std::string safe = printable(line);
    for (std::size_t at = 0; (at = safe.find("```", at)) != std::string::npos;)
      safe.replace(at, 3, "'''");
    out << safe << '\n';
  }
  out << "```\n";
}

}  // namespace

void write_markdown(std::ostream& out, const Document& document) {
  if (!document.title.empty()) out << "## " << escaped(printable(document.title)) << '\n';
  write_block(out, document.lead);
  bool separate = !document.title.empty() || !document.lead.empty();
  for (const Table& table : document.tables) {
    if (!has_text(table)) continue;
    if (separate) out << '\n';
    write_table(out, table);
    separate = true;
  }
  write_block(out, document.closing);
  for (const std::string& note : document.notes) out << "\n> " << escaped(printable(note)) << '\n';
}

}  // namespace heapscribe::render
