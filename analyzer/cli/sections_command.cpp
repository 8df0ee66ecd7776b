// heapscribe sections.
#include <memory>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/render/section_document.h"
#include "analyzer/reports/sections.h"

namespace heapscribe::cli {

void add_sections_command(CLI::App& app, int&) {
  struct Options {
    InputOptions input;
    std::string thread;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("sections", "What the program allocated in the sections it named itself");
  options->input.add_to(*command);
  command
      ->add_option("--thread", options->thread,
                   "What threads of this TID, NAME or '#id' allocated and freed themselves")
      ->type_name("THREAD");
  command->callback([options] {
    const auto reader = open_capture(options->input.path);
    const std::string selection = options->thread.empty() ? "" : "thread '" + options->thread + "'";
    print(render::sections_document(reports::collect_sections(*reader, options->thread),
                                    context_of(*reader, selection)),
          options->input.chosen_format());
  });
}

}  // namespace heapscribe::cli
