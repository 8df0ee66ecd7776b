// heapscribe view in a build without the viewer.
#include <stdexcept>

#include "analyzer/cli/command.h"

namespace heapscribe::cli {

void add_view_command(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("view", "The reports as a page (not in this build)");
  command->allow_extras();
  command->callback([] {
    throw std::runtime_error(
        "this build of heapscribe has no viewer: it was configured with HEAPSCRIBE_VIEWER=OFF");
  });
}

}  // namespace heapscribe::cli
