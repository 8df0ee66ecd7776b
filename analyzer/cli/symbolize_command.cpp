// heapscribe symbolize DB: functions, files and lines for the addresses of a recording.
#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "analyzer/cli/command.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/symbol_lookup.h"
#include "analyzer/model/file_name.h"
#include "analyzer/symbols/remedy.h"
#include "analyzer/symbols/symbolize.h"

namespace heapscribe::cli {
namespace {

using capture::Database;

struct SymbolizeArguments {
  InputOptions input;
  bool debuginfod = false;
  symbols::SymbolizeOptions options;
};

void refuse_while_recording(Database& recording, const std::string& path) {
  const bool still_written =
      recording.integer(
          "SELECT count(*) FROM recording WHERE key = 'state' AND value = 'recording'") != 0;
  if (still_written) {
    throw std::runtime_error("'" + path +
                             "' is still being recorded, or its collector died: then "
                             "'heapscribe recover' completes it");
  }
}

symbols::SymbolizeResult look_up(SymbolizeArguments& arguments) {
  Database recording = capture::open_recording(arguments.input.path, capture::OpenMode::ReadWrite);
  refuse_while_recording(recording, arguments.input.path);
  if (arguments.debuginfod) arguments.options.debuginfod = true;
  return look_up_symbols(recording, arguments.options);
}

render::Value count(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

render::Value share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

render::Row row_of(const symbols::ModuleResult& result) {
  const symbols::ModuleIdentity& module = result.module;
  const bool generated = module.path.empty();
  const std::string state = generated ? "generated code" : symbols::describe(result.state, module);
  const std::string remedy = generated ? "" : symbols::remedy(result.state, module);
  render::Row row;
  row.values = {count(result.addresses),
                count(result.with_function),
                share(result.with_function, result.addresses),
                count(result.with_line),
                share(result.with_line, result.addresses),
                generated ? "(no module)" : model::file_name(module.path),
                module.path,
                module.build_id,
                result.source,
                state,
                remedy};
  row.details.push_back(result.source.empty() ? state : state + ": " + result.source);
  if (!remedy.empty()) row.details.push_back("to get more: " + remedy);
  return row;
}

render::Table table_of(const symbols::SymbolizeResult& result) {
  using render::Shown;
  using render::Unit;
  render::Table table;
  table.key = "modules";
  table.when_empty = "every address has its symbols already; --again looks them up once more";
  table.columns = {{"addresses", "addresses", Unit::Count},
                   {"with_function", "", Unit::Count, Shown::InData},
                   {"function_share", "functions", Unit::Share},
                   {"with_line", "", Unit::Count, Shown::InData},
                   {"line_share", "lines", Unit::Share},
                   {"module", "module", Unit::Name, Shown::InText},
                   {"path", "", Unit::Name, Shown::InData},
                   {"build_id", "", Unit::Text, Shown::InData},
                   {"source", "", Unit::Name, Shown::InData},
                   {"state", "", Unit::Text, Shown::InData},
                   {"remedy", "", Unit::Text, Shown::InData}};
  for (const auto& module : result.modules) table.rows.push_back(row_of(module));
  return table;
}

render::Document document_of(const symbols::SymbolizeResult& result, const std::string& path) {
  render::Document document;
  document.shape = render::DataShape::Object;
  document.title = "Symbols of " + path;
  if (result.addresses != 0) {
    document.lead = {fmt::format("{} addresses: functions of {}, source lines of {}",
                                 result.addresses, result.with_function, result.with_line)};
  }
  document.facts = {{"addresses", count(result.addresses)},
                    {"with_function", count(result.with_function)},
                    {"with_line", count(result.with_line)}};
  document.tables.push_back(table_of(result));
  if (!result.trouble.empty()) document.notes.push_back(result.trouble);
  return document;
}

int symbolize(SymbolizeArguments& arguments) {
  const symbols::SymbolizeResult result = look_up(arguments);
  print(document_of(result, arguments.input.path), arguments.input.chosen_format());
  return kExitFine;
}

}  // namespace

void add_symbolize_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<SymbolizeArguments>();
  CLI::App* command = app.add_subcommand(
      "symbolize", "Look up functions, files and lines and store them in the recording");
  arguments->input.add_to(*command);
  command
      ->add_option("--debug-path", arguments->options.debug_paths,
                   "Directory with debug files or originals, searched before /usr/lib/debug; "
                   "may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag("--debuginfod", arguments->debuginfod,
                    "Ask debuginfod servers; on by itself if DEBUGINFOD_URLS is set");
  command->add_flag("--again", arguments->options.again,
                    "Also look up what has names, as after debug packages were installed");
  command->callback([arguments, &status] { status = symbolize(*arguments); });
}

}  // namespace heapscribe::cli
