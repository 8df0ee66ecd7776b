// heapscribe source, heapscribe timeline.
#include <charconv>
#include <memory>
#include <stdexcept>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/selection.h"
#include "analyzer/render/source_document.h"

namespace heapscribe::cli {
namespace {

struct SourceOptions {
  InputOptions input;
  std::string file;
  std::optional<std::int64_t> line;
  FilterOptions filter;
  WindowOptions window;
  LimitOption limit;
};

void show_source(SourceOptions& options) {
  if (options.line && options.file.empty()) {
    throw std::runtime_error("--line is a line of a file: --file FILE");
  }
  const auto reader = open_capture(options.input.path);
  const render::Format format = options.input.chosen_format();
  options.filter.filter.window = options.window.find(*reader);
  model::select_sites(*reader, options.filter.filter);
  const render::Context context = context_of(*reader, options.filter.in_words());
  if (options.file.empty()) {
    return print(render::source_files_document(reports::list_source_files(*reader),
                                               options.limit.rows(format), context),
                 format);
  }
  print(render::source_document(reports::read_source(*reader, options.file, options.line), context),
        format);
}

void add_source(CLI::App& app) {
  auto options = std::make_shared<SourceOptions>();
  CLI::App* command = app.add_subcommand(
      "source", "Source files, and what each of their lines allocates itself and through others");
  options->input.add_to(*command);
  command
      ->add_option("--file", options->file, "A file, or the end of its path; without: all of them")
      ->type_name("FILE");
  command->add_option("--line", options->line, "Only the lines around this one")
      ->type_name("N")
      ->check(whole_number());
  options->limit.add_to(*command);
  options->filter.add_to(*command);
  options->window.add_to(*command);
  command->callback([options] { show_source(*options); });
}

void add_timeline(CLI::App& app) {
  struct Options {
    InputOptions input;
    LimitOption limit;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("timeline", "The whole process over time, the fullest of equal parts");
  options->input.add_to(*command);
  options->limit.add_to(*command);
  command->callback([options] {
    const auto reader = open_capture(options->input.path);
    const render::Format format = options->input.chosen_format();
    print(render::timeline_document(reports::timeline_points(*reader, options->limit.rows(format)),
                                    context_of(*reader)),
          format);
  });
}

}  // namespace

void add_source_commands(CLI::App& app, int&) {
  add_source(app);
  add_timeline(app);
}

}  // namespace heapscribe::cli
