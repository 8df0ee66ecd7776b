#include "analyzer/cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "analyzer/cli/duration.h"

namespace heapscribe::cli {

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string list = fmt::format("{}", fmt::join(words, "|"));
  return CLI::Validator(
      [words = std::move(words)](std::string& value) {
        if (std::find(words.begin(), words.end(), value) != words.end()) return std::string();
        return fmt::format("'{}' is none of {}", value, fmt::join(words, ", "));
      },
      list);
}

CLI::Validator whole_number() {
  return CLI::Validator(
      [](std::string& value) {
        constexpr std::size_t kMostDigits = 15;
        const bool digits =
            !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
        if (digits && value.size() <= kMostDigits) return std::string();
        return fmt::format("'{}' is not a number from 0 on", value);
      },
      "");
}

CLI::Validator seconds() {
  return CLI::Validator(
      [](std::string& value) {
        const std::string given = value;
        if (value.size() > 1 && value.back() == 's') value.pop_back();  // as moments are written
        double number = 0;
        const char* end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, number);
        constexpr double kMost = 9e9;  // in nanoseconds still a whole number
        if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0 && number < kMost) {
          return std::string();
        }
        return fmt::format("'{}' is not a time in seconds", given);
      },
      "");
}

void InputOptions::add_to(CLI::App& command) {
  command.add_option("DB", path, "The recording to read")->required()->type_name("");
  command.add_option("--format", format, "How to print")
      ->type_name("")
      ->check(one_of({"text", "json", "csv", "markdown"}))
      ->default_str("text");
}

render::Format InputOptions::chosen_format() const {
  if (format == "json") return render::Format::Json;
  if (format == "csv") return render::Format::Csv;
  if (format == "markdown") return render::Format::Markdown;
  return render::Format::Text;
}

void FilterOptions::add_to(CLI::App& command) {
  const std::string group = "Filters";
  command
      .add_option("--function", filter.function,
                  "Sites with a function in their stack that this expression finds")
      ->type_name("REGEX")
      ->group(group);
  command
      .add_option("--module", filter.module,
                  "Sites with a program or library in their stack that this expression finds")
      ->type_name("REGEX")
      ->group(group);
  command
      .add_option("--thread", filter.thread,
                  "What threads of this TID, NAME or '#id' allocated and freed themselves")
      ->type_name("THREAD")
      ->group(group);
  command
      .add_option("--section", filter.section,
                  "What was allocated in a section of this name or path, and in those within it")
      ->type_name("NAME")
      ->group(group);
}

std::string FilterOptions::in_words() const {
  std::vector<std::string> words;
  if (!filter.function.empty())
    words.push_back(fmt::format("stacks with function '{}'", filter.function));
  if (!filter.module.empty())
    words.push_back(fmt::format("stacks with module '{}'", filter.module));
  if (!filter.thread.empty()) words.push_back(fmt::format("thread '{}'", filter.thread));
  if (!filter.section.empty()) words.push_back(fmt::format("section '{}'", filter.section));
  if (filter.window) words.push_back(filter.window->in_words());
  return fmt::format("{}", fmt::join(words, ", "));
}

void FilterOptions::refuse_parts(const std::string& report) const {
  const auto refuse = [&](const char* part, const std::string& value) {
    if (value.empty()) return;
    throw std::runtime_error(fmt::format("{0} not recorded by {1}: --{1} '{2}' cannot select them",
                                         report, part, value));
  };
  refuse("thread", filter.thread);
  refuse("section", filter.section);
}

void WindowOptions::add_to(CLI::App& command) {
  command
      .add_option(
          "--from", from,
          "What was allocated from this moment on: a time (2.5s), or the label or number of "
          "a snapshot")
      ->type_name("MOMENT")
      ->group("Filters");
  command.add_option("--to", to, "... and up to this one; alive is what was held then")
      ->type_name("MOMENT")
      ->group("Filters");
}

std::optional<model::Window> WindowOptions::find(model::CaptureReader& reader) const {
  if (from.empty() && to.empty()) return std::nullopt;
  return model::find_window(reader, {from, parse_duration(from)}, {to, parse_duration(to)});
}

void LimitOption::add_to(CLI::App& command, std::int64_t fallback) {
  command
      .add_option(
          "--limit", given,
          fmt::format("Rows to print, 0 = all (default: {}; all in json and csv)", fallback))
      ->type_name("N")
      ->check(whole_number());
}

std::optional<std::int64_t> LimitOption::rows(render::Format format, std::int64_t fallback) const {
  const bool for_programs = format == render::Format::Json || format == render::Format::Csv;
  const std::int64_t limit = given.value_or(for_programs ? 0 : fallback);
  return limit == 0 ? std::nullopt : std::optional(limit);
}

}  // namespace heapscribe::cli
