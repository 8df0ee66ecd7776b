// heapscribe diff, heapscribe compare.
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/duration.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/selection.h"
#include "analyzer/render/difference_documents.h"

namespace heapscribe::cli {
namespace {

using reports::DifferenceBy;
using Reader = std::unique_ptr<model::CaptureReader>;

struct DifferenceOptions {
  std::vector<std::string> before, after;
  std::string from, to;
  std::string format = "text";
  std::string by;
  std::string group = "function";
  LimitOption limit;
  FilterOptions filter;
  bool all = false;

  InputOptions input() const { return {.path = "", .format = format}; }
  bool for_programs() const { return format == "json" || format == "csv"; }
};

DifferenceBy chosen_measure(const std::string& by) {
  if (by == "peak") return DifferenceBy::Peak;
  if (by == "bytes") return DifferenceBy::Bytes;
  return by == "allocations" ? DifferenceBy::Allocations : DifferenceBy::Live;
}

void add_common_options(CLI::App& command, DifferenceOptions& options, const char* usual_measure) {
  options.by = usual_measure;
  command.add_option("--by", options.by, "What to compare of the places")
      ->type_name("")
      ->check(one_of({"live", "peak", "bytes", "allocations"}))
      ->default_str(usual_measure);
  command.add_option("--format", options.format, "How to print")
      ->type_name("")
      ->check(one_of({"text", "json", "csv", "markdown"}))
      ->default_str("text");
  options.limit.add_to(command);
  command.add_flag("--all", options.all, "Show places without a change too (json and csv do)");
}

render::DifferenceDetail detail_of(const DifferenceOptions& options) {
  return {.wanted = options.format == "text",
          .unchanged = options.all || options.for_programs(),
          .limit = options.limit.rows(options.input().chosen_format())};
}

// diff ------------------------------------------------------------------------------------------

reports::Side side_at(model::CaptureReader& reader, const std::string& moment) {
  const auto time = parse_duration(moment);
  reports::Side side{&reader, model::find_moment(reader, moment, time), {}};
  side.words = side.moment.words;
  return side;
}

reports::Side side_at_end(model::CaptureReader& reader, DifferenceBy by) {
  reports::Side side{&reader, model::find_moment(reader, "exit", std::nullopt), {}};
  side.words = fmt::format("{}, {} of {}", reader.path(),
                           by == DifferenceBy::Peak ? "the peak" : "the end", reader.program());
  return side;
}

// Of the peak it is only known what was held; of other times older recordings do not tell how many
// bytes were allocated.
void check_measure(const DifferenceOptions& options, const reports::Side& side) {
  using model::MomentKind;
  const DifferenceBy by = chosen_measure(options.by);
  const MomentKind kind = side.moment.kind;
  const bool unknown =
      by == DifferenceBy::Peak ||
      (by == DifferenceBy::Bytes && !model::knows_bytes(*side.reader, side.moment)) ||
      (kind == MomentKind::Peak && by != DifferenceBy::Live);
  if (!unknown) return;
  throw std::runtime_error(
      fmt::format("--by {} is not known of {}; --by live is", options.by, side.words));
}

void note_namesakes(const std::string& name, const reports::Side& side, render::Context& context) {
  if (side.moment.namesakes == 0) return;
  context.notes.push_back(fmt::format("{} snapshots are called '{}'; the last was taken: {}.",
                                      side.moment.namesakes + 1, name, side.words));
}

void diff_within(const DifferenceOptions& options) {
  const Reader reader = open_capture(options.before.front());
  model::select_sites(*reader, options.filter.filter);
  const reports::Side from = side_at(*reader, options.from.empty() ? "start" : options.from);
  const reports::Side to = side_at(*reader, options.to.empty() ? "exit" : options.to);
  check_measure(options, from);
  check_measure(options, to);
  const auto match =
      options.group == "stack" ? reports::MatchBy::Stack : reports::MatchBy::Function;
  const auto difference = reports::find_difference(from, to, chosen_measure(options.by), match);
  render::Context context = context_of(*reader, options.filter.in_words());
  note_namesakes(options.from, from, context);
  if (options.to != options.from) note_namesakes(options.to, to, context);
  print(render::difference_document(difference, context, detail_of(options)),
        options.input().chosen_format());
}

// What is compared should be one program.
void note_other_program(const model::CaptureReader& before, const model::CaptureReader& after,
                        render::Context& context) {
  if (before.program() == after.program()) return;
  context.notes.push_back(fmt::format("Two programs are compared: {} before, {} after.",
                                      before.program(), after.program()));
}

void diff_between(const DifferenceOptions& options) {
  if (!options.from.empty() || !options.to.empty()) {
    throw std::runtime_error("--from and --to are moments of one recording, and two were given");
  }
  const Reader before = open_capture(options.before[0]);
  const Reader after = open_capture(options.before[1]);
  model::select_sites(*before, options.filter.filter);
  model::select_sites(*after, options.filter.filter);
  const DifferenceBy by = chosen_measure(options.by);
  const auto match =
      options.group == "stack" ? reports::MatchBy::Stack : reports::MatchBy::Function;
  const auto difference =
      reports::find_difference(side_at_end(*before, by), side_at_end(*after, by), by, match);
  render::Context context = context_of(*after, options.filter.in_words());
  for (const std::string& note : context_of(*before).notes) {
    context.notes.push_back("before: " + note);
  }
  note_other_program(*before, *after, context);
  print(render::difference_document(difference, context, detail_of(options)),
        options.input().chosen_format());
}

void diff(const DifferenceOptions& options) {
  if (options.before.size() > 2) {
    throw std::runtime_error(fmt::format(
        "diff takes one recording or two, not {}; see heapscribe compare", options.before.size()));
  }
  options.filter.refuse_parts("snapshots are");
  if (options.before.size() == 2) return diff_between(options);
  if (options.from.empty() && options.to.empty()) {
    throw std::runtime_error(fmt::format(
        "diff needs a second recording beside '{}', or --from and --to", options.before.front()));
  }
  diff_within(options);
}

void add_diff(CLI::App& app) {
  auto options = std::make_shared<DifferenceOptions>();
  CLI::App* command =
      app.add_subcommand("diff", "What changed between two moments, or two recordings");
  command->add_option("DB", options->before, "One recording and --from, --to; or two recordings")
      ->required()
      ->type_name("");
  const char* moment = "MOMENT";
  command->add_option("--from", options->from, "See below (default: start)")->type_name(moment);
  command->add_option("--to", options->to, "See below (default: exit)")->type_name(moment);
  add_common_options(*command, *options, "live");
  command->add_option("--group", options->group, "Add up what has the same")
      ->type_name("")
      ->check(one_of({"function", "stack"}))
      ->default_str("function");
  options->filter.add_to(*command);
  command->footer(
      "A moment is the label or number of a snapshot (heapscribe snapshots lists them),\n"
      "a time such as 2.5s, or one of start, peak, exit. Of several snapshots with one\n"
      "label the last is taken; its number names any.\n"
      "Recordings are matched by names of functions and files: other addresses, lines\n"
      "and folders, as after a rebuild, do not matter.");
  command->callback([options] { diff(*options); });
}

// compare ---------------------------------------------------------------------------------------

std::vector<Reader> open_all(const std::vector<std::string>& paths) {
  std::vector<Reader> readers;
  for (const std::string& path : paths) {
    readers.push_back(open_capture(path));
    model::select_sites(*readers.back(), {});
  }
  return readers;
}

std::vector<model::CaptureReader*> pointers(const std::vector<Reader>& readers) {
  std::vector<model::CaptureReader*> result;
  for (const Reader& reader : readers) result.push_back(reader.get());
  return result;
}

// A recording that counts twice makes noise look smaller than it is. Links lead to one file too.
void refuse_repeated(const DifferenceOptions& options) {
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const auto* side : {&options.before, &options.after}) {
    for (const std::string& path : *side) {
      struct stat file = {};
      const bool is_known = stat(path.c_str(), &file) == 0;
      if (!is_known || seen.emplace(file.st_dev, file.st_ino).second) continue;
      throw std::runtime_error(
          fmt::format("'{}' is given twice, and compare needs runs of their own", path));
    }
  }
}

void compare(DifferenceOptions options) {
  if (options.before.size() == 2 && options.after.empty()) {
    options.after = {options.before.back()};
    options.before.pop_back();
  }
  if (options.before.empty() || options.after.empty()) {
    throw std::runtime_error(
        "compare needs recordings of both sides: BEFORE.db ... -- AFTER.db ...");
  }
  refuse_repeated(options);
  const std::vector<Reader> before = open_all(options.before);
  const std::vector<Reader> after = open_all(options.after);
  const auto comparison =
      reports::compare_runs(pointers(before), pointers(after), chosen_measure(options.by));
  render::Context context = context_of(*after.front());
  note_other_program(*before.front(), *after.front(), context);
  print(render::comparison_document(comparison, context, detail_of(options)),
        options.input().chosen_format());
}

void add_compare(CLI::App& app) {
  auto options = std::make_shared<DifferenceOptions>();
  CLI::App* command =
      app.add_subcommand("compare", "Repeated runs before and after a change, noise considered");
  command->add_option("BEFORE,--before", options->before, "Recordings before the change")
      ->type_name("");
  command->add_option("--after", options->after, "Recordings after it; as -- AFTER.db ...")
      ->type_name("");
  add_common_options(*command, *options, "bytes");
  command->footer(
      "Example: heapscribe compare old1.db old2.db old3.db -- new1.db new2.db new3.db\n"
      "From four runs a side on, an exact rank test at 5 % decides; below, ranges must\n"
      "lie further apart than either is wide. Differences below 1 % are not told.");
  command->callback([options] { compare(*options); });
}

}  // namespace

void add_difference_commands(CLI::App& app, int&) {
  add_diff(app);
  add_compare(app);
}

}  // namespace heapscribe::cli
