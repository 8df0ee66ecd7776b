// heapscribe query DB 'SQL': the recording as a database, for questions that no report answers.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"

namespace heapscribe::cli {
namespace {

using capture::Database;
using capture::Statement;

// The file is opened read-only already; this keeps statements from writing anywhere else.
void forbid_writing(Database& database) {
  database.execute("PRAGMA query_only = ON");
  sqlite3_limit(database.handle(), SQLITE_LIMIT_ATTACHED, 0);
}

bool is_blank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

Statement prepare_question(Database& database, const std::string& sql) {
  Statement statement = database.prepare(sql);
  if (is_blank(statement.sql())) throw std::runtime_error("there is no statement in '" + sql + "'");
  if (!statement.read_only()) {
    throw std::runtime_error("query only reads; this statement would write: " + sql);
  }
  if (!is_blank(std::string_view(sql).substr(statement.sql().size()))) {
    throw std::runtime_error("query takes one statement at a time");
  }
  return statement;
}

std::string hexadecimal(const std::string& bytes) {
  std::string text = "x'";
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text + "'";
}

render::Value value_of(const Statement& row, int column) {
  switch (row.column_type(column)) {
    case SQLITE_INTEGER:
      return row.integer(column);
    case SQLITE_FLOAT:
      return row.real(column);
    case SQLITE_TEXT:
      return row.text(column);
    case SQLITE_BLOB:
      return hexadecimal(row.text(column));
    default:
      return std::monostate();
  }
}

// "a", "a" would be one member of a JSON object: the second becomes "a_2".
std::string unique_key(const std::vector<render::Column>& columns, const std::string& name) {
  const auto taken = [&](const std::string& key) {
    return std::any_of(columns.begin(), columns.end(), [&](const auto& c) { return c.key == key; });
  };
  std::string key = name;
  for (int number = 2; taken(key); ++number) key = fmt::format("{}_{}", name, number);
  return key;
}

// `most` rows, 0 = all.
render::Table answer(Statement& statement, std::int64_t most) {
  render::Table table;
  table.when_empty = "no rows";
  for (int i = 0; i < statement.columns(); ++i) {
    const std::string key = unique_key(table.columns, statement.column_name(i));
    table.columns.push_back({key, key, render::Unit::Number});
  }
  while ((most == 0 || static_cast<std::int64_t>(table.rows.size()) < most) && statement.step()) {
    render::Row row;
    for (int i = 0; i < statement.columns(); ++i) row.values.push_back(value_of(statement, i));
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Columns with any text in them are set as text.
void find_text_columns(render::Table& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto is_text = [&](const render::Row& row) {
      return std::holds_alternative<std::string>(row.values[i]);
    };
    if (std::any_of(table.rows.begin(), table.rows.end(), is_text)) {
      table.columns[i].unit = render::Unit::Name;
    }
  }
}

void answer_query(const InputOptions& input, const std::string& sql, std::int64_t most) {
  const auto reader = open_capture(input.path);
  forbid_writing(reader->database());
  Statement statement = prepare_question(reader->database(), sql);
  render::Document document;
  document.tables.push_back(answer(statement, most));
  find_text_columns(document.tables.front());
  print(document, input.chosen_format());
}

}  // namespace

void add_query_command(CLI::App& app, int&) {
  struct Options {
    InputOptions input;
    std::string sql;
    std::int64_t most = 0;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("query", "Ask the recording in SQL");
  options->input.add_to(*command);
  command->add_option("SQL", options->sql, "One statement that reads")->required()->type_name("");
  command->add_option("--limit", options->most, "Rows to print at most, 0 = all (default: all)")
      ->type_name("N")
      ->check(whole_number());
  command->footer(
      "The tables and views are described in preload/capture/schema.sql; begin with\n"
      "  heapscribe query DB 'SELECT * FROM run'\n"
      "  heapscribe query DB 'SELECT function, bytes FROM hotspots LIMIT 10'\n"
      "  heapscribe query DB 'SELECT name, type FROM sqlite_schema'");
  command->callback([options] { answer_query(options->input, options->sql, options->most); });
}

}  // namespace heapscribe::cli
