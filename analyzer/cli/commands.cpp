#include "analyzer/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "analyzer/cli/command.h"
#include "analyzer/cli/literal_arguments.h"
#include "analyzer/cli/output.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/writers.h"

namespace heapscribe::cli {
namespace {

constexpr AddCommand kCommands[] = {
    add_run_command,      add_report_commands,   add_growth_commands, add_difference_commands,
    add_check_command,    add_health_command,    add_trace_command,   add_query_command,
    add_control_command,  add_symbolize_command, add_recover_command, add_collect_command,
    add_sections_command, add_source_commands,   add_view_command,
};

constexpr char kFooter[] =
    "Begin with:\n"
    "  heapscribe run -- PROGRAM ARGS     record; writes heapscribe.PROGRAM.PID.db\n"
    "  heapscribe summary DB              the run on one page\n\n"
    "heapscribe COMMAND --help explains a command.\n"
    "Exit status: 0 fine, 1 a check failed, 2 usage or input error.";

const CLI::App* chosen_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? nullptr : chosen.front();
}

// CLI11's messages begin with a capital and end without a full stop.
std::string in_midsentence(std::string message) {
  if (message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0) {
    message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  }
  return message.substr(0, message.find('\n'));
}

// "Could not convert: --frames = many" as a sentence.
std::string unconverted(const std::string& message) {
  const std::size_t begin = message.find("--");
  const std::size_t equals = message.find(" = ");
  if (begin == std::string::npos || equals == std::string::npos || equals < begin) return message;
  return fmt::format("{}: '{}' is not a number that it takes",
                     message.substr(begin, equals - begin), message.substr(equals + 3));
}

std::string unexpected(const CLI::App& app, const CLI::App* command) {
  const auto rest = app.remaining(true);
  const std::string first = rest.empty() ? "" : rest.front();
  if (command != nullptr) return fmt::format("{} does not take '{}'", command->get_name(), first);
  if (first.rfind('-', 0) == 0) return fmt::format("there is no option '{}'", first);
  return fmt::format("there is no command '{}'", first);
}

// A line of --help: what is longer than a terminal is broken under its description.
std::string broken_help_line(const std::string& line) {
  if (render::text_width(line) <= render::kTextWidth) return line + '\n';
  const std::size_t name = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.find("  ", name);
  const std::size_t text = std::min(line.find_first_not_of(' ', gap), line.size());
  const bool is_entry = gap != std::string::npos && text < render::kTextWidth / 2;
  const std::size_t indent = is_entry ? text : name;
  std::string lines = line.substr(0, indent);
  for (const std::string& part :
       render::wrap_text(std::string_view(line).substr(indent), render::kTextWidth - indent)) {
    if (lines.ends_with('\n')) lines.append(indent, ' ');
    lines += part + '\n';
  }
  return lines;
}

void print_help(const CLI::App& app, const CLI::ParseError& error) {
  std::stringstream help;
  app.exit(error, help, help);
  print([&](std::ostream& out) {
    for (std::string line; std::getline(help, line);) out << broken_help_line(line);
  });
}

}  // namespace

void add_all_commands(CLI::App& app, int& status) {
  for (const AddCommand add : kCommands) add(app, status);
}

std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = chosen_command(app);
  std::string what = in_midsentence(error.what());
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ConversionError)) {
    what = unconverted(error.what());
  } else if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    what = unexpected(app, command);
  } else if (command == nullptr &&
             error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
    what = app.remaining(true).empty() ? "a command is missing" : unexpected(app, command);
  }
  const std::string name = command == nullptr ? "" : " " + command->get_name();
  return fmt::format("{}; see heapscribe{} --help", what, name);
}

int run(int argc, char** argv) {
  int status = kExitFine;
  CLI::App app("heapscribe records the heap of a program and answers questions about it.",
               "heapscribe");
  app.set_version_flag("--version", "heapscribe " HEAPSCRIBE_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  add_all_commands(app, status);
  try {
    app.parse(marked_in_reverse(argc, argv));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      print_help(app, error);
      return kExitFine;
    }
    note(usage_sentence(app, error));
    return kExitInput;
  }
  return status;
}

}  // namespace heapscribe::cli
