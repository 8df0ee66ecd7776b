// heapscribe check: runs held against a baseline and against budgets.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/cli/whole_file.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/render/check_documents.h"
#include "analyzer/reports/check.h"
#include "analyzer/reports/summary.h"

namespace heapscribe::cli {
namespace {

namespace fs = std::filesystem;
using Reader = std::unique_ptr<model::CaptureReader>;
using reports::Baseline;
using reports::Figure;
using reports::Scope;
using reports::Usage;

constexpr std::int64_t kRows = 5;

struct CheckOptions {
  std::vector<std::string> databases;
  std::string baseline, budget;
  bool update = false, totals_only = false;
  int percentile = 0;
  std::string from;
  FilterOptions filter;
  std::vector<std::string> figures;
  std::vector<std::string> suppressions;
  std::string format = "text";
  std::string junit, sarif, markdown;
  std::string source_root;
  LimitOption limit;

  Scope scope() const { return {filter.filter, from}; }
};

// Reading -----------------------------------------------------------------------------------------

// What is still under way, or only sampled, has no counts to be held against others.
void expect_exact(const model::CaptureReader& reader) {
  if (reader.sample_mean()) {
    throw std::runtime_error("'" + reader.path() +
                             "' holds samples, and check wants exact counts: --mode full");
  }
  if (reader.state() == model::RecordingState::Live) {
    throw std::runtime_error("the program of '" + reader.path() +
                             "' still runs, so its counts are not final");
  }
  if (reader.state() == model::RecordingState::Interrupted ||
      reader.state() == model::RecordingState::Recovered) {
    throw std::runtime_error("the recording '" + reader.path() +
                             "' was interrupted, so its counts are not final");
  }
}

void expect_recorded(const model::CaptureReader& reader) {
  if (reader.totals().allocations.value > 0) return;
  if (reader.integer("unrecorded_allocations").value_or(0) == 0) return;
  throw std::runtime_error("'" + reader.path() + "' has nothing to check: recording was paused");
}

void expect_one_program(const model::CaptureReader& first, const model::CaptureReader& other) {
  if (first.program() == other.program()) return;
  throw std::runtime_error(
      fmt::format("'{}' is of {} and '{}' of {}, and check takes several runs of one program",
                  first.path(), first.program(), other.path(), other.program()));
}

std::vector<Reader> open_all(const CheckOptions& options) {
  std::vector<Reader> readers;
  for (const std::string& path : options.databases) {
    readers.push_back(open_capture(path));
    expect_exact(*readers.back());
    expect_recorded(*readers.back());
    expect_one_program(*readers.front(), *readers.back());
  }
  return readers;
}

std::vector<Usage> runs_of(const std::vector<Reader>& readers, const Scope& scope,
                           const CheckOptions& options) {
  reports::Suppressions suppressions;
  suppressions.add_built_in();
  for (const std::string& path : options.suppressions) suppressions.add_file(path);
  std::vector<Usage> runs;
  runs.reserve(readers.size());
  for (const Reader& reader : readers) {
    runs.push_back(reports::usage_of(*reader, scope, suppressions));
  }
  return runs;
}

// A scope on the command line makes a baseline; later it may be repeated, not changed.
Scope scope_of(const CheckOptions& options, const Baseline& baseline, bool exists) {
  Scope given = options.scope();
  if (!exists) return given;
  if (given == Scope{} || given == baseline.scope) return baseline.scope;
  const std::string made = reports::in_words(baseline.scope);
  throw std::runtime_error(
      fmt::format("'{}' was made {}, not with {}; remove it to begin anew", options.baseline,
                  made.empty() ? "of the whole run" : "with " + made, reports::in_words(given)));
}

// Baseline ----------------------------------------------------------------------------------------

reports::FigureSet wanted_figures(const CheckOptions& options, const Baseline& old, bool exists,
                                  const Usage& usage) {
  reports::FigureSet wanted;
  for (const Figure figure : reports::kBaselineFigures) {
    const std::string name(reports::name_of(figure));
    const bool asked =
        std::find(options.figures.begin(), options.figures.end(), name) != options.figures.end();
    if (asked || (options.figures.empty() && exists && old.total[figure])) {
      reports::expect_known(usage, figure, old.scope);
      wanted[figure] = true;
    } else if (options.figures.empty() && !exists) {
      wanted[figure] = usage.known[figure];
    }
  }
  return wanted;
}

std::string update_command(const CheckOptions& options) {
  if (options.update || options.baseline.empty()) return "";
  std::string command = "heapscribe check";
  for (const std::string& path : options.databases) command += " " + model::shell_word(path);
  if (options.percentile > 0) command += fmt::format(" --percentile {}", options.percentile);
  return command + " --baseline " + model::shell_word(options.baseline) + " --update";
}

// Returns what is to be written, "" = nothing.
std::string check_against_baseline(const CheckOptions& options, const std::vector<Reader>& readers,
                                   reports::CheckReport& report) {
  std::error_code error;
  const bool exists = fs::exists(options.baseline, error);
  if (!exists && !options.update) {
    throw std::runtime_error("there is no baseline '" + options.baseline +
                             "'; --update makes it from these recordings");
  }
  Baseline baseline = exists ? reports::read_baseline(options.baseline) : Baseline{};
  baseline.scope = scope_of(options, baseline, exists);
  const std::vector<Usage> runs = runs_of(readers, baseline.scope, options);
  const auto check = [&](const Baseline& against) {
    report.baseline = reports::check_baseline(
        options.baseline, against,
        reports::combined(runs, options.percentile, against.wanted_branches()));
  };
  report.scope = reports::in_words(baseline.scope);
  report.made_of = baseline.program;
  if (!options.update) {
    check(baseline);
    return "";
  }
  const Usage usage =
      reports::combined(runs, options.percentile, {baseline.wanted_branches().names, {}});
  const auto wanted = wanted_figures(options, baseline, exists, usage);
  baseline.program = readers.front()->program();
  if (options.totals_only || (exists && !baseline.has_paths)) baseline.has_paths = false;
  const Baseline updated = reports::updated(baseline, usage, wanted);
  check(exists ? baseline : updated);
  return reports::text_of(updated);
}

void check_against_budget(const CheckOptions& options, const std::vector<Reader>& readers,
                          reports::CheckReport& report) {
  report.budget_file = options.budget;
  for (reports::Budget& budget : reports::read_budgets(options.budget)) {
    if (budget.scope == Scope{}) budget.scope = options.scope();
    const Usage usage =
        reports::combined(runs_of(readers, budget.scope, options), options.percentile);
    if (usage.paths.empty() && budget.scope != Scope{}) report.without_sites.push_back(budget.name);
    for (auto& limit : reports::check_budget(budget, usage)) {
      report.limits.push_back(std::move(limit));
    }
  }
}

// Printing ----------------------------------------------------------------------------------------

// Half a run takes less than a whole one.
void note_early_ends(const std::vector<Reader>& readers, std::vector<std::string>& notes) {
  for (const Reader& reader : readers) {
    const reports::ProgramEnd end = reports::program_end(*reader);
    if (end.kind == "exited" && end.status.value_or(0) == 0) continue;
    notes.push_back(fmt::format("The program of '{}' {}; was that all it had to do?",
                                reader->path(), end.text));
  }
}

std::vector<std::string> notes_on(const reports::CheckReport& report, const std::string& program) {
  std::vector<std::string> notes;
  if (!report.made_of.empty() && report.made_of != program) {
    notes.push_back(
        fmt::format("The baseline was made of {}, and this is {}.", report.made_of, program));
  }
  for (const std::string& branch :
       report.baseline ? report.baseline->empty_branches : std::vector<std::string>()) {
    notes.push_back(fmt::format(
        "Nothing was allocated below the branch \"{}\" of the baseline; was something renamed?",
        branch));
  }
  for (const std::string& budget : report.without_sites) {
    notes.push_back(fmt::format(
        "Nothing was allocated where the budget [{}] applies; was something renamed?", budget));
  }
  return notes;
}

// What is to be known about any of the recordings.
render::Context context_of_all(const std::vector<Reader>& readers,
                               const reports::CheckReport& report) {
  render::Context context = context_of(*readers.front());
  for (std::string& note : notes_on(report, readers.front()->program())) {
    context.notes.push_back(std::move(note));
  }
  note_early_ends(readers, context.notes);
  for (const Reader& reader : readers) {
    for (const std::string& note : context_of(*reader).notes) {
      const bool is_known =
          std::find(context.notes.begin(), context.notes.end(), note) != context.notes.end();
      if (!is_known) context.notes.push_back(note);
    }
  }
  return context;
}

render::Sources sources_of(const CheckOptions& options) {
  const fs::path root = options.source_root.empty() ? "." : options.source_root;
  std::error_code error;
  std::string absolute = fs::canonical(root, error).string();
  if (error) {
    throw std::runtime_error("--source-root '" + root.string() + "': " + error.message());
  }
  while (!absolute.empty() && absolute.back() == '/') absolute.pop_back();
  return {absolute};
}

render::Document document_of(const reports::CheckReport& report, const render::Context& context,
                             const CheckOptions& options, render::Format format) {
  return render::check_document(
      report, context,
      {.wanted = format == render::Format::Text,
       .for_programs = format == render::Format::Json || format == render::Format::Csv,
       .limit = options.limit.rows(format, kRows),
       .update = update_command(options),
       .written = options.update});
}

std::string document_text(const reports::CheckReport& report, const render::Context& context,
                          const CheckOptions& options, render::Format format) {
  std::ostringstream text;
  render::write(text, document_of(report, context, options, format), format);
  return text.str();
}

std::string junit_text(const reports::CheckReport& report, const render::Context& context,
                       const CheckOptions& options) {
  std::ostringstream text;
  render::write_junit(text, report, context, sources_of(options));
  return text.str();
}

std::string sarif_text(const reports::CheckReport& report, const CheckOptions& options) {
  std::ostringstream text;
  render::write_sarif(text, report, sources_of(options), HEAPSCRIBE_VERSION);
  return text.str();
}

void write_files(const reports::CheckReport& report, const render::Context& context,
                 const CheckOptions& options) {
  if (!options.junit.empty()) {
    write_whole_file(options.junit, junit_text(report, context, options));
  }
  if (!options.sarif.empty()) write_whole_file(options.sarif, sarif_text(report, options));
  if (!options.markdown.empty()) {
    write_whole_file(options.markdown,
                     document_text(report, context, options, render::Format::Markdown));
  }
}

std::optional<render::Format> document_format(const std::string& format) {
  if (format == "json") return render::Format::Json;
  if (format == "csv") return render::Format::Csv;
  if (format == "markdown") return render::Format::Markdown;
  if (format == "text") return render::Format::Text;
  return std::nullopt;
}

void print_report(const reports::CheckReport& report, const render::Context& context,
                  const CheckOptions& options) {
  if (const auto format = document_format(options.format)) {
    return print(document_of(report, context, options, *format), *format);
  }
  print([&](std::ostream& out) {
    if (options.format == "junit") out << junit_text(report, context, options);
    if (options.format == "sarif") out << sarif_text(report, options);
    if (options.format == "github") {
      out << document_text(report, context, options, render::Format::Text);
      render::write_annotations(out, report, sources_of(options));
    }
  });
}

void expect_sense(const CheckOptions& options) {
  if (options.baseline.empty() && options.budget.empty()) {
    throw std::runtime_error("check needs --baseline FILE or --budget FILE");
  }
  if (options.update && options.baseline.empty()) {
    throw std::runtime_error("--update writes a baseline, so it needs --baseline FILE");
  }
  if (options.totals_only && !options.update) {
    throw std::runtime_error("--totals-only chooses what --update writes, and it is not given");
  }
  if (!options.figures.empty() && !options.update) {
    throw std::runtime_error("--figures chooses what --update writes, and it is not given");
  }
}

int check(const CheckOptions& options) {
  expect_sense(options);
  const std::vector<Reader> readers = open_all(options);
  reports::CheckReport report;
  report.runs = readers.size();
  if (!options.budget.empty()) check_against_budget(options, readers, report);
  const std::string updated =
      options.baseline.empty() ? "" : check_against_baseline(options, readers, report);
  const render::Context context = context_of_all(readers, report);
  write_files(report, context, options);
  // Last: with whatever is wrong before, it stays as it was.
  if (options.update) write_whole_file(options.baseline, updated);
  print_report(report, context, options);
  const bool limits_kept = std::all_of(report.limits.begin(), report.limits.end(),
                                       [](const auto& limit) { return limit.is_kept(); });
  return (options.update ? limits_kept : report.passed()) ? kExitFine : kExitFinding;
}

void add_formats(CLI::App& command, CheckOptions& options) {
  command.add_option("--format", options.format, "How to print; github is text and annotations")
      ->type_name("")
      ->check(one_of({"text", "json", "csv", "markdown", "junit", "sarif", "github"}))
      ->default_str("text");
  const std::string group = "Files beside what is printed";
  command.add_option("--junit", options.junit, "Write JUnit XML as well, for the CI's test view")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--sarif", options.sarif, "Write SARIF 2.1.0 as well, for code scanning")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--markdown", options.markdown, "Write Markdown as well, for a pull request")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--source-root", options.source_root,
                  "Files below it are named relative to it (default: the working directory)")
      ->type_name("DIR")
      ->group(group);
}

CLI::Validator percentile() {
  return CLI::Validator(
      [](std::string& text) {
        const bool fine = !text.empty() && text.size() <= 3 &&
                          text.find_first_not_of("0123456789") == std::string::npos &&
                          std::stoi(text) >= 1 && std::stoi(text) <= 100;
        return fine ? std::string() : "'" + text + "' is not a whole number from 1 to 100";
      },
      "");
}

}  // namespace

void add_check_command(CLI::App& app, int& status) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command =
      app.add_subcommand("check", "Fail when a run takes more than a baseline or a budget allows");
  command->add_option("DB", options->databases, "Recordings of the same program, one a run")
      ->required()
      ->type_name("");
  command
      ->add_option("--baseline", options->baseline, "What earlier runs took; kept with the sources")
      ->type_name("FILE");
  command->add_flag("--update", options->update, "Write the baseline from these recordings");
  command->add_option("--budget", options->budget, "Limits without a history; see below")
      ->type_name("FILE");
  command
      ->add_option("--percentile", options->percentile,
                   "Of several runs, instead of the lowest figure")
      ->type_name("N")
      ->check(percentile());
  command
      ->add_option("--figures", options->figures,
                   "What --update writes: allocations, bytes, peak, leaks, with commas (default: "
                   "what is in the baseline, else all)")
      ->type_name("")
      ->delimiter(',')
      ->check(one_of({"allocations", "bytes", "peak", "leaks"}));
  command
      ->add_option("--suppressions", options->suppressions,
                   "file with lines leak:PATTERN, as leaks takes it; may be repeated")
      ->type_name("FILE");
  command->add_flag("--totals-only", options->totals_only,
                    "--update writes the totals and no call paths: these alone are judged then");
  options->limit.add_to(*command, kRows);
  add_formats(*command, *options);
  command->add_option("--from", options->from, "Count from this snapshot on: label or number")
      ->type_name("LABEL")
      ->group("Filters");
  options->filter.add_to(*command);
  command->footer(
      "A baseline is made with --update, committed, and compared by names of functions:\n"
      "other lines, folders and addresses, as after a rebuild, do not matter. Counts\n"
      "are exact; a figure may be given a tolerance: \"1000 + 5\", \"1000 + 2%\". Filters\n"
      "are kept in it. A budget has limits of the whole run, and a table for each part\n"
      "that has its own:\n"
      "  peak = \"64 MiB\"\n"
      "  leaks = 0\n"
      "  [parser]\n"
      "  function = \"^Parser::\"\n"
      "  allocations = 500\n"
      "  temporary = \"25%\"\n"
      "  [request]\n"
      "  section = \"serve/request\"\n"
      "  allocations = 40\n"
      "Of a thread leaks and peak are not known, of a section leaks are not.\n"
      "Exit status: 0 passed, 1 failed, 2 could not be checked.");
  command->callback([options, &status] { status = check(*options); });
}

}  // namespace heapscribe::cli
