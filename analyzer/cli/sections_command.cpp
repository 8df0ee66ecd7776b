// heapscribe sections.
#include <memory>
#include <stdexcept>
#include <vector>

#include "analyzer/cli/command.h"
#include "analyzer/cli/open_capture.h"
#include "analyzer/cli/options.h"
#include "analyzer/cli/output.h"
#include "analyzer/render/section_document.h"
#include "analyzer/reports/function_sections.h"
#include "analyzer/reports/sections.h"

namespace heapscribe::cli {
namespace {

struct SectionOptions {
  InputOptions input;
  std::vector<std::string> sections;
  std::string thread;
};

// "NAME=REGEX"; the expression may hold further equals signs.
reports::SectionPattern pattern_in(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool is_whole = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
  if (!is_whole) {
    throw std::runtime_error("--section '" + text +
                             "' is not NAME=REGEX, such as parse='Parser::'");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<reports::SectionPattern> patterns_in(const std::vector<std::string>& texts) {
  std::vector<reports::SectionPattern> patterns;
  patterns.reserve(texts.size());
  for (const std::string& text : texts) patterns.push_back(pattern_in(text));
  return patterns;
}

reports::SectionsReport report_of(model::CaptureReader& reader,
                                  const std::vector<reports::SectionPattern>& patterns,
                                  const std::string& thread) {
  return patterns.empty() ? reports::collect_sections(reader, thread)
                          : reports::collect_function_sections(reader, patterns, thread);
}

}  // namespace

void add_sections_command(CLI::App& app, int&) {
  auto options = std::make_shared<SectionOptions>();
  CLI::App* command = app.add_subcommand(
      "sections", "What the program allocated in its sections: those it named, or by function");
  options->input.add_to(*command);
  command
      ->add_option("--section", options->sections,
                   "Instead of the sections that the program named itself: what was allocated "
                   "while a function that REGEX finds was on the stack; may be repeated")
      ->type_name("NAME=REGEX")
      ->allow_extra_args(false);
  command
      ->add_option("--thread", options->thread,
                   "What threads of this TID, NAME or '#id' allocated and freed themselves")
      ->type_name("THREAD");
  command->footer(
      "  heapscribe sections DB --section parse='Parser::' --section cache='^Cache::'\n"
      "needs no change of the program. Sections lie within each other as functions call\n"
      "each other; recursion does not nest. REGEX is a POSIX extended regular expression\n"
      "for a part of a function's name. How often a section was entered is not known.");
  command->callback([options] {
    const auto patterns = patterns_in(options->sections);
    const auto reader = open_capture(options->input.path);
    const std::string selection = options->thread.empty() ? "" : "thread '" + options->thread + "'";
    print(render::sections_document(report_of(*reader, patterns, options->thread),
                                    context_of(*reader, selection)),
          options->input.chosen_format());
  });
}

}  // namespace heapscribe::cli
