// The reports as commands: one line each in kSiteReports, or one function for a report of its own.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "analyzer/cli/command.h"
#include "analyzer/cli/leaks_command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/call_tree.h"
#include "analyzer/model/selection.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/hotspots.h"
#include "analyzer/reports/leaks.h"
#include "analyzer/reports/losses.h"
#include "analyzer/reports/pauses.h"
#include "analyzer/reports/peak.h"
#include "analyzer/reports/pools.h"
#include "analyzer/reports/releases.h"
#include "analyzer/reports/temporary.h"

namespace heapscribe::cli {
namespace {

using model::CaptureReader;
using model::Measure;
using Limit = std::optional<std::int64_t>;

// Site reports: hotspots, peak, temporary, leaks
// -----------------------------------------------------

struct SiteReport {
  const char* name;
  const char* help;
  const char* heading;
  Measure by;
  const char* measure;  // in words: what a share is a share of
  reports::SitesReport (*collect)(CaptureReader&, Limit);
};

constexpr SiteReport kSiteReports[] = {
    {"hotspots", "Where the program allocates", "Hotspots", Measure::Allocated, "", nullptr},
    {"peak", "Who held the memory at the highest moment", "Peak", Measure::Peak, "at the peak",
     reports::find_peak_holders},
    {"temporary", "Blocks that were freed almost at once", "Temporary allocations",
     Measure::Temporary, "temporary allocations", reports::find_temporaries},
    {"leaks", "Blocks alive at the end", "Alive at the end", Measure::Live, "alive",
     reports::find_leaks},
};

struct SiteOptions {
  InputOptions input;
  FilterOptions filter;
  WindowOptions window;
  LimitOption limit;
  std::string by = "bytes";
  std::string tree;
  std::string group = "site";
  std::optional<std::int64_t> frames;
  LeakOptions leaks;
};

constexpr std::array<const char*, 5> kMeasureTexts = {
    "allocated", "allocations", "alive at the end", "at the peak", "temporary allocations"};

struct Chosen {
  Measure by;
  Limit limit;
  render::SiteWording wording;
};

Measure chosen_measure(const SiteReport& report, const SiteOptions& options) {
  if (report.collect != nullptr) return report.by;
  for (std::size_t i = 0; i < kMeasureTexts.size(); ++i) {
    if (model::kMeasureNames[i] == options.by) return static_cast<Measure>(i);
  }
  return report.by;
}

std::string moment_of_peak(const CaptureReader& reader) {
  const model::Totals& totals = reader.totals();
  const std::string error =
      totals.peak_error.value == 0 ? "exact" : "± " + render::format_bytes(totals.peak_error.value);
  return fmt::format("{} ({}) {} of {}", render::format_bytes(totals.peak_bytes.value), error,
                     render::format_moment(totals.peak_at.value),
                     render::format_duration(totals.duration.value));
}

std::vector<std::string> remarks_on_window(Measure by) {
  if (by == Measure::Peak) return {"The peak here is the highest moment of that time."};
  if (by == Measure::Live) return {"Alive here is what was held at the end of that time."};
  return {};
}

std::vector<std::string> remarks(const CaptureReader& reader, Measure by,
                                 const model::SiteFilter& filter) {
  if (filter.window) return remarks_on_window(by);
  const bool by_thread = !filter.thread.empty();
  std::vector<std::string> lines;
  if (by == Measure::Peak) lines.push_back("The peak: " + moment_of_peak(reader) + ".");
  if (by == Measure::Temporary) {
    lines.emplace_back("Temporary: freed by its thread before that thread allocated again.");
  }
  if (by == Measure::Live && reader.state() != model::RecordingState::Live) {
    const std::string why = reader.text("leak_check");
    const std::string sentence =
        why == "complete"
            ? "reach these blocks tells `heapscribe leaks` without --tree and --group."
            : "reach these blocks is not known: " + (why.empty() ? "no check was made" : why) + ".";
    for (std::string& line : render::wrap_text(
             "Alive at the end is not necessarily a leak: whether the program could still " +
                 sentence,
             render::kTextWidth)) {
      lines.push_back(std::move(line));
    }
  }
  if (by_thread && by == Measure::Peak) {
    lines.emplace_back("The peak is not recorded by thread: sites are shown with all they held.");
  } else if (by_thread && by == Measure::Live) {
    lines.emplace_back(
        "Alive here is what these threads allocated less what they freed themselves.");
  }
  return lines;
}

Chosen choose(const SiteReport& report, const SiteOptions& options, const CaptureReader& reader) {
  const Measure by = chosen_measure(report, options);
  if (by == Measure::Temporary && options.filter.filter.window) {
    throw std::runtime_error(
        "which blocks were temporary is not recorded over time: no --from, --to");
  }
  const auto index = static_cast<std::size_t>(by);
  const std::string heading = report.collect == nullptr
                                  ? fmt::format("{} by {}", report.heading, options.by)
                                  : report.heading;
  const bool then = by == Measure::Live && options.filter.filter.window;
  return {by,
          options.limit.rows(options.input.chosen_format()),
          {then ? "Alive" : heading, then ? "alive then" : kMeasureTexts[index],
           remarks(reader, by, options.filter.filter)}};
}

render::Document tree_of(CaptureReader& reader, const SiteOptions& options, const Chosen& chosen,
                         const render::Context& context) {
  const bool down = options.tree == "top-down";
  const auto tree = down ? model::top_down_tree(reader) : model::bottom_up_tree(reader);
  reports::TreeReport report = reports::cut_tree(*tree, chosen.by, chosen.limit);
  report.direction = down ? reports::TreeDirection::TopDown : reports::TreeDirection::BottomUp;
  report.run = model::measures_of_all(reader);
  return render::tree_document(report, context, chosen.wording);
}

reports::GroupBy group_by(const std::string& group) {
  if (group == "file") return reports::GroupBy::File;
  if (group == "module") return reports::GroupBy::Module;
  return reports::GroupBy::Function;
}

render::Document document_of(CaptureReader& reader, const SiteReport& report,
                             const SiteOptions& options) {
  const Chosen chosen = choose(report, options, reader);
  const render::Context context = context_of(reader, options.filter.in_words());
  model::select_sites(reader, options.filter.filter);
  if (!options.tree.empty()) return tree_of(reader, options, chosen, context);
  if (options.group != "site") {
    const auto groups =
        reports::group_sites(reader, group_by(options.group), chosen.by, chosen.limit);
    return render::groups_document(groups, context, chosen.wording);
  }
  const reports::SitesReport sites = report.collect != nullptr
                                         ? report.collect(reader, chosen.limit)
                                         : reports::find_hotspots(reader, chosen.by, chosen.limit);
  return render::sites_document(sites, context, chosen.wording,
                                {options.input.format == "text", options.frames});
}

[[noreturn]] void refuse_without_check(const CaptureReader& reader) {
  const std::string why = reader.text("leak_check");
  if (why == "complete") {
    throw std::runtime_error(
        "--classes, --fail-on and suppressions go with neither --tree, --group, --thread, "
        "--section, --from nor --to");
  }
  throw std::runtime_error("'" + reader.path() +
                           "' has no leak check: " + (why.empty() ? "none was made" : why));
}

// Trees and groups show what was alive; so does everything without a leak check, and the data that
// scripts have always got, unless they ask for more.
bool by_class(const CaptureReader& reader, const SiteReport& report, const SiteOptions& options) {
  const render::Format format = options.input.chosen_format();
  const bool for_scripts = format == render::Format::Json || format == render::Format::Csv;
  const bool plain = (!for_scripts || options.leaks.any()) && options.tree.empty() &&
                     options.group == "site" && options.filter.filter.thread.empty() &&
                     options.filter.filter.section.empty() && !options.filter.filter.window;
  return report.by == Measure::Live && report.collect != nullptr && plain && has_leak_check(reader);
}

void add_site_report(CLI::App& app, const SiteReport& report, int& status) {
  auto options = std::make_shared<SiteOptions>();
  CLI::App* command = app.add_subcommand(report.name, report.help);
  options->input.add_to(*command);
  if (report.collect == nullptr) {
    command->add_option("--by", options->by, "What to order by")
        ->type_name("")
        ->check(one_of({"bytes", "allocations", "live", "peak", "temporary"}))
        ->default_str("bytes");
  }
  options->limit.add_to(*command);
  command->add_option("--frames", options->frames, "Frames to list for each site, 0 = all")
      ->type_name("N")
      ->check(whole_number());
  command->add_option("--group", options->group, "Add up sites with the same")
      ->type_name("")
      ->check(one_of({"site", "function", "file", "module"}))
      ->default_str("site");
  command->add_option("--tree", options->tree, "Show calls as a tree; --limit counts its branches")
      ->type_name("")
      ->check(one_of({"top-down", "bottom-up"}));
  options->filter.add_to(*command);
  options->window.add_to(*command);
  if (report.collect == reports::find_leaks) add_leak_options(*command, options->leaks);
  command->callback([options, &report, &status] {
    const auto reader = open_capture(options->input.path);
    options->filter.filter.window = options->window.find(*reader);
    if (by_class(*reader, report, *options)) {
      model::select_sites(*reader, options->filter.filter);
      status = report_leaks(
          *reader, options->leaks, context_of(*reader, options->filter.in_words()),
          options->limit.rows(options->input.chosen_format()),
          {options->input.format == "text", options->frames}, options->input.chosen_format());
      return;
    }
    if (options->leaks.any()) refuse_without_check(*reader);
    print(document_of(*reader, report, *options), options->input.chosen_format());
  });
}

// Reports of their own ---------------------------------------------------------------------------

void add_summary(CLI::App& app) {
  struct Options {
    InputOptions input;
    std::vector<std::string> rules;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("summary", "The run on one page, and what matters most");
  options->input.add_to(*command);
  command->add_option("--rule", options->rules, "Set a threshold of the findings; see below")
      ->type_name("NAME=VALUE");
  command->footer(reports::rules_help(reports::RuleGroup::Findings));
  command->callback([options] {
    reports::Rules rules;
    for (const std::string& assignment : options->rules) reports::set_rule(rules, assignment);
    const auto reader = open_capture(options->input.path);
    const reports::Summary summary = reports::summarize(*reader, rules);
    print(render::summary_document(summary, context_of_all(*reader)),
          options->input.chosen_format());
  });
}

void add_sizes(CLI::App& app) {
  struct Options {
    InputOptions input;
    LimitOption limit;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("sizes", "Requested sizes, and what rounding them up costs");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  command->callback([options] {
    constexpr std::int64_t kRows = 10;
    const auto reader = open_capture(options->input.path);
    model::select_sites(*reader, {});
    const auto report =
        reports::collect_sizes(*reader, options->limit.rows(options->input.chosen_format(), kRows));
    print(render::sizes_document(report, context_of(*reader)), options->input.chosen_format());
  });
}

void add_pools(CLI::App& app) {
  auto input = std::make_shared<InputOptions>();
  CLI::App* command =
      app.add_subcommand("pools", "How heapscribe's own allocator served the program");
  input->add_to(*command);
  command->callback([input] {
    const auto reader = open_capture(input->path);
    print(render::pools_document(reports::collect_pools(*reader), context_of(*reader)),
          input->chosen_format());
  });
}

void add_releases(CLI::App& app) {
  struct Options {
    InputOptions input;
    FilterOptions filter;
    LimitOption limit;
    std::string by = "bytes";
    std::string pair = "function";
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("releases", "Who releases what whom allocated");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  command->add_option("--by", options->by, "What to order by")
      ->type_name("")
      ->check(one_of({"bytes", "frees"}))
      ->default_str("bytes");
  command->add_option("--group", options->pair, "Add up releases with the same")
      ->type_name("")
      ->check(one_of({"function", "stack"}))
      ->default_str("function");
  options->filter.add_to(*command);
  command->callback([options] {
    constexpr std::int64_t kRows = 10;
    options->filter.refuse_parts("releases are");
    const auto reader = open_capture(options->input.path);
    model::select_sites(*reader, options->filter.filter);
    const auto pair_by =
        options->pair == "stack" ? reports::PairBy::Stacks : reports::PairBy::Functions;
    const auto report =
        reports::find_releases(*reader, pair_by, options->by == "frees",
                               options->limit.rows(options->input.chosen_format(), kRows));
    const bool details = options->input.format == "text";
    print(
        render::releases_document(report, context_of(*reader, options->filter.in_words()), details),
        options->input.chosen_format());
  });
}

void add_pauses(CLI::App& app) {
  struct Options {
    InputOptions input;
    LimitOption limit;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "pauses", "What held the program up: stalled calls, release storms, heapscribe itself");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  command->callback([options] {
    constexpr std::int64_t kRows = 5;
    const auto reader = open_capture(options->input.path);
    const bool details = options->input.format == "text";
    print(render::pauses_document(reports::collect_pauses(*reader), *reader, context_of(*reader),
                                  options->limit.rows(options->input.chosen_format(), kRows),
                                  details),
          options->input.chosen_format());
  });
}

void add_losses(CLI::App& app) {
  auto input = std::make_shared<InputOptions>();
  CLI::App* command = app.add_subcommand("losses", "What could not be recorded");
  input->add_to(*command);
  command->callback([input] {
    const auto reader = open_capture(input->path);
    print(render::losses_document(reports::find_losses(*reader), context_of_all(*reader)),
          input->chosen_format());
  });
}

}  // namespace

void add_report_commands(CLI::App& app, int& status) {
  add_summary(app);
  for (const SiteReport& report : kSiteReports) add_site_report(app, report, status);
  add_sizes(app);
  add_releases(app);
  add_pools(app);
  add_pauses(app);
  add_losses(app);
}

}  // namespace heapscribe::cli
