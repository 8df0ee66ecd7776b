// heapscribe leaks: what is lost; without a leak check, what was alive at the end.
#include "analyzer/cli/leaks_command.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/output.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/leak_check.h"

namespace heapscribe::cli {
namespace {

// Those of the program were not written for us: what cannot be read of them is no reason to stop.
void add_embedded(reports::Suppressions& suppressions, const model::CaptureReader& reader) {
  try {
    suppressions.add(reader.text("suppressions"), "the program");
  } catch (const std::runtime_error& error) {
    note(error.what());
  }
}

reports::Suppressions suppressions_of(const model::CaptureReader& reader,
                                      const LeakOptions& options) {
  reports::Suppressions suppressions;
  suppressions.add_built_in();
  add_embedded(suppressions, reader);
  for (const std::string& path : options.suppressions) suppressions.add_file(path);
  return suppressions;
}

// What a function lost, of all its sites.
struct Lost {
  std::string function;
  model::Bytes bytes;
  model::Count blocks;
};

std::vector<Lost> lost_by_function(const reports::LeakCheck& check) {
  std::vector<Lost> all;
  std::unordered_map<std::string, std::size_t> index;
  for (const reports::LeakRow& leak : check.rows) {
    if (leak.block_class == wire::BlockClass::Reachable) continue;
    const std::string& function = leak.stack.blamed().function;
    const auto [entry, is_new] = index.try_emplace(function, all.size());
    if (is_new) all.push_back({function, {}, {}});
    all[entry->second].bytes += leak.bytes;
    all[entry->second].blocks += leak.blocks;
  }
  return all;
}

// A name that a terminal would take for a command is not printed, and no pattern without it fits.
void print_suppressions(const reports::LeakCheck& check) {
  for (const Lost& lost : lost_by_function(check)) {
    fmt::print("# {} in {}\n", render::format_bytes(lost.bytes.value),
               render::format_plural(lost.blocks.value, "block"));
    const std::string name = render::printable(lost.function);
    if (name.empty()) {
      fmt::print("# no name of a function is known\n");
    } else if (name != lost.function) {
      fmt::print("# cannot be written: {}\n", name);
    } else {
      fmt::print("leak:{}\n", reports::pattern_for(name));
    }
  }
}

// Before anything is read.
CLI::Validator block_classes() {
  return CLI::Validator(
      [](std::string& value) {
        try {
          reports::classes_of(value);
        } catch (const std::runtime_error& error) {
          return std::string(error.what());
        }
        return std::string();
      },
      "");
}

bool fails(const reports::LeakCheck& check, const std::string& classes) {
  if (classes.empty()) return false;
  const reports::Classes wanted = reports::classes_of(classes);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] && check.classes[i].blocks.value > 0) return true;
  }
  return false;
}

}  // namespace

void add_leak_options(CLI::App& command, LeakOptions& options) {
  command
      .add_option("--classes", options.classes,
                  "definite, indirect, possible, reachable, several with commas, or all; without, "
                  "text shows definite,possible, and json and csv all that is alive, by site")
      ->check(block_classes())
      ->type_name("");
  command
      .add_option("--fail-on", options.fail_on,
                  "exit with status 1 if there is a block of these classes")
      ->check(block_classes())
      ->type_name("CLASSES");
  command
      .add_option("--suppressions", options.suppressions,
                  "file with lines leak:PATTERN, as LeakSanitizer takes them; may be repeated")
      ->type_name("FILE");
  command.add_flag("--generate-suppressions", options.generate,
                   "print a suppression for every function that lost what would be shown");
}

bool has_leak_check(const model::CaptureReader& reader) {
  return reader.text("leak_check") == "complete";
}

int report_leaks(model::CaptureReader& reader, const LeakOptions& options,
                 const render::Context& context, std::optional<std::int64_t> limit,
                 const render::SiteDetail& detail, render::Format format) {
  const reports::Classes classes =
      reports::classes_of(options.classes.empty() ? "definite,possible" : options.classes);
  reports::Suppressions suppressions = suppressions_of(reader, options);
  const reports::LeakCheck check =
      reports::check_leaks(reader, classes, suppressions, options.generate ? std::nullopt : limit);
  if (options.generate) {
    print_suppressions(check);
  } else {
    print(render::leak_check_document(check, context, detail), format);
  }
  return fails(check, options.fail_on) ? kExitFinding : kExitFine;
}

}  // namespace heapscribe::cli
