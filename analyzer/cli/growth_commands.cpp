// heapscribe growth, heapscribe snapshots.
#include <memory>
#include <stdexcept>

#include "analyzer/cli/command.h"
#include "analyzer/cli/duration.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/moment.h"
#include "analyzer/model/selection.h"
#include "analyzer/render/growth_documents.h"
#include "analyzer/reports/growth.h"
#include "analyzer/reports/snapshots.h"

namespace heapscribe::cli {
namespace {

constexpr char kVerdicts[] =
    "Verdicts, of the place to blame, from the live bytes of its sites over time:\n"
    "  steady_growth  rises to the end, as fast as before: a leak, or an unbounded cache\n"
    "  warm_up        grew, then held what it had, or grows slower and slower\n"
    "  bounded_cache  blocks come and go under a ceiling, and stay for a while\n"
    "  periodic       comes and goes in a rhythm\n"
    "  burst          most of it happened at once\n"
    "  stable         no trend\n"
    "  too_short      cannot be told yet; runs of 10 s and more usually can\n"
    "The rules and their sources: analyzer/README.md.";

void add_growth(CLI::App& app) {
  struct Options {
    InputOptions input;
    FilterOptions filter;
    LimitOption limit;
    bool all = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("growth", "What grows without end, and what only warms up");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  command->add_flag("--all", options->all, "Show stable places too (json and csv always do)");
  options->filter.add_to(*command);
  command->footer(kVerdicts);
  command->callback([options] {
    options->filter.refuse_parts("growth is");
    const render::Format format = options->input.chosen_format();
    const auto reader = open_capture(options->input.path);
    model::select_sites(*reader, options->filter.filter);
    const bool for_programs = format == render::Format::Json || format == render::Format::Csv;
    print(render::growth_document(reports::find_growth(*reader),
                                  context_of(*reader, options->filter.in_words()),
                                  {.wanted = format == render::Format::Text,
                                   .quiet_ones = options->all || for_programs,
                                   .limit = options->limit.rows(format)}),
          format);
  });
}

struct SnapshotsOptions {
  InputOptions input;
  std::string at;
  LimitOption limit;
};

void show_held(model::CaptureReader& reader, const SnapshotsOptions& options) {
  const render::Format format = options.input.chosen_format();
  model::select_sites(reader, {});
  const model::Moment moment = model::find_moment(reader, options.at, parse_duration(options.at));
  print(render::held_document(reports::find_held(reader, moment, options.limit.rows(format)),
                              context_of(reader), format == render::Format::Text),
        format);
}

void add_snapshots(CLI::App& app) {
  auto options = std::make_shared<SnapshotsOptions>();
  CLI::App* command =
      app.add_subcommand("snapshots", "The moments whose live heap was noted, for diff");
  options->input.add_to(*command);
  command
      ->add_option("--at", options->at,
                   "What every site held at one of them, and how old it was; or at a time such as "
                   "2.5s, start, peak, exit")
      ->type_name("MOMENT");
  options->limit.add_to(*command);
  command->callback([options] {
    const auto reader = open_capture(options->input.path);
    if (!options->at.empty()) return show_held(*reader, *options);
    print(render::snapshots_document(reports::list_snapshots(*reader), context_of(*reader)),
          options->input.chosen_format());
  });
}

}  // namespace

void add_growth_commands(CLI::App& app, int&) {
  add_growth(app);
  add_snapshots(app);
}

}  // namespace heapscribe::cli
