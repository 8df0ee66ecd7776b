// Documents as comma-separated values (RFC 4180, lines end with a line feed). A stack is one field,
// innermost first, " < " between frames. The rows of a tree carry their depth.
#include <fmt/format.h>

#include <ostream>

#include "analyzer/render/cell.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {

std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

namespace {

std::string field(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "1" : "0";
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return csv_text(cell_text(value, Unit::Number));
}

void write_row(std::ostream& out, const Table& table, const Row& row, int depth) {
  const char* separator = "";
  if (table.layout == Layout::Tree) {
    out << depth;
    separator = ",";
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!is_shown_in_data(table.columns[i])) continue;
    out << separator << field(row.values[i]);
    separator = ",";
  }
  out << '\n';
  for (const Row& child : row.children) write_row(out, table, child, depth + 1);
}

void write_table(std::ostream& out, const Table& table) {
  std::string header = table.layout == Layout::Tree ? "depth" : "";
  for (const Column& column : table.columns) {
    if (is_shown_in_data(column)) header += (header.empty() ? "" : ",") + csv_text(column.key);
  }
  out << header << '\n';
  for (const Row& row : table.rows) write_row(out, table, row, 0);
}

void write_facts(std::ostream& out, const std::vector<Fact>& facts) {
  out << "key,value\n";
  for (const Fact& fact : facts) out << csv_text(fact.key) << ',' << field(fact.value) << '\n';
}

}  // namespace

void write_csv(std::ostream& out, const Document& document) {
  const bool has_facts = document.shape == DataShape::Object && !document.facts.empty();
  if (has_facts) write_facts(out, document.facts);
  bool separate = has_facts;
  for (const Table& table : document.tables) {
    if (separate) out << '\n';
    write_table(out, table);
    separate = true;
  }
}

}  // namespace heapscribe::render
