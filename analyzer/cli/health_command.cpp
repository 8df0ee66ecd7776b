// heapscribe health: one word for monitors, and why.
#include <memory>
#include <string>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/render/health_document.h"

namespace heapscribe::cli {

void add_health_command(CLI::App& app, int& status) {
  struct Options {
    InputOptions input;
    std::vector<std::string> rules;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("health", "Healthy, warning or critical, for monitors; and why");
  options->input.add_to(*command);
  command->add_option("--rule", options->rules, "Set a threshold; see below")
      ->type_name("NAME=VALUE");
  command->footer(
      "Exit status: 0 healthy, 1 warning, 2 critical, or the recording cannot be read.\n"
      "Works on a recording that is under way, as far as that tells.\n" +
      reports::rules_help(reports::RuleGroup::Health));
  command->callback([options, &status] {
    reports::Rules rules;
    for (const std::string& assignment : options->rules) reports::set_rule(rules, assignment);
    const auto reader = open_capture(options->input.path);
    const reports::Health health = reports::judge_health(*reader, rules);
    print(render::health_document(health, context_of(*reader)), options->input.chosen_format());
    status = static_cast<int>(health.condition);
  });
}

}  // namespace heapscribe::cli
