#include "analyzer/cli/recording_options.h"

#include <array>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace heapscribe::cli {
namespace {

// Empty = as without the preset.
struct Preset {
  std::string_view name, mode, snapshot_every, pauses, leak_check;
};
constexpr std::array<Preset, 4> kPresets = {{
    {"server", "full", "60s", "1ms", "exit"},
    {"constrained", "sample", "", "", "off"},
    {"ci", "full", "", "off", "exit"},
    {"leaks", "full", "10s", "off", "exit"},
}};

std::vector<std::string> names_of_presets() {
  std::vector<std::string> names;
  names.reserve(kPresets.size());
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

// "100us" becomes nanoseconds, "off" 0; returns what is wrong with it.
std::string to_pause_threshold(std::string& text) {
  if (text == "off") {
    text = "0";
    return "";
  }
  constexpr double kShortest = 1e3, kLongest = 1e10;
  static const std::map<std::string, double> kUnits = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const auto unit = kUnits.find(digits == std::string::npos ? "" : text.substr(digits));
  const double number = std::atof(text.c_str());
  const double ns = unit != kUnits.end() ? number * unit->second : 0;
  if (digits == 0 || ns < kShortest || ns > kLongest) {
    return "'" + text + "' is neither off nor a time from 1us to 10s such as 100us";
  }
  text = std::to_string(static_cast<std::uint64_t>(ns));
  return "";
}

// Asking for a distance between samples is asking for samples.
void add_mode(CLI::App& command, RecordingMode& mode) {
  CLI::Option* name =
      command
          .add_option("--mode", mode.name,
                      "full: every stack; counts: totals only; sample: some, by chance")
          ->check(CLI::IsMember({"full", "counts", "sample"}))
          ->envname("HEAPSCRIBE_MODE")
          ->capture_default_str();
  command
      .add_option("--sample", mode.sample_mean,
                  "mean distance of samples in bytes (512KiB, 1MiB ...)")
      ->transform(CLI::Validator(to_bytes, "SIZE"))
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
      ->envname("HEAPSCRIBE_SAMPLE")
      ->default_str("512KiB")
      ->each([&mode, name](const std::string&) {
        if (name->count() == 0) mode.name = "sample";
      });
}

void follow_preset(const CLI::App& command, RecordingOptions& options) {
  for (const Preset& preset : kPresets) {
    if (preset.name != options.preset) continue;
    const auto free = [&](const char* option, std::string_view value) {
      return !value.empty() && command.count(option) == 0;
    };
    if (free("--mode", preset.mode) && command.count("--sample") == 0) {
      options.mode.name = preset.mode;
    }
    if (free("--snapshot-every", preset.snapshot_every)) {
      options.snapshots.every = preset.snapshot_every;
    }
    if (free("--leak-check", preset.leak_check)) options.leak_check = preset.leak_check;
    if (free("--pauses", preset.pauses)) {
      std::string threshold(preset.pauses);
      to_pause_threshold(threshold);
      options.pauses = std::stoull(threshold);
    }
  }
}

// An option that would not do anything is a mistake of whoever gives it; a variable is not given
// for this run alone.
bool was_given(const CLI::App& command, const char* option, const char* variable) {
  return command.count(option) != 0 && std::getenv(variable) == nullptr;
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw std::runtime_error(sentence);
}

void check_use(const RecordingOptions& options, bool traced) {
  const bool samples = options.mode.mode() == wire::Mode::Sample;
  const std::string mode = "--mode " + options.mode.name;
  if (samples && traced) {
    refuse("--trace wants every event, and --mode sample records only some");
  }
  if (options.free_stacks && options.mode.mode() != wire::Mode::Full) {
    refuse("--free-stacks wants every stack, and " + mode + " does without");
  }
  if (!options.budget.empty() && samples) {
    refuse("--budget counts every call, and --mode sample only some");
  }
  if (options.start_paused && samples) refuse("--start-paused does not go with --mode sample");
}

}  // namespace

std::string to_bytes(std::string& text) {
  const std::string given = text;
  try {
    if (CLI::AsSizeValue(false)(text).empty()) return "";
  } catch (const CLI::Error&) {
    // said in our own words
  }
  return "'" + given + "' is not a size such as 512KiB";
}

void RecordingOptions::add_preset_to(CLI::App& command) {
  command
      .add_option(
          "--preset", preset,
          "settings for a purpose: server, constrained, ci or leaks; options that are given "
          "besides count")
      ->check(CLI::IsMember(names_of_presets()));
}

void RecordingOptions::add_to(CLI::App& command) {
  add_mode(command, mode);
  command.add_option("--unwinder", unwinder, "how stacks are found")
      ->check(CLI::IsMember({"auto", "rules", "libunwind", "boost", "fp"}))
      ->envname("HEAPSCRIBE_UNWINDER")
      ->capture_default_str();
  command
      .add_flag("--free-stacks", free_stacks,
                "record where blocks are freed as well, for heapscribe releases")
      ->envname("HEAPSCRIBE_FREE_STACKS");
  command
      .add_option("--leak-check", leak_check,
                  "exit: find out at the end what can still be reached; off: do without")
      ->check(CLI::IsMember({"exit", "off"}))
      ->envname("HEAPSCRIBE_LEAK_CHECK")
      ->capture_default_str();
  command
      .add_flag("--start-paused", start_paused,
                "record nothing until the program (heapscribe.h) or heapscribe ctl resumes it")
      ->envname("HEAPSCRIBE_START_PAUSED");
  add_snapshot_options(command, snapshots);
  budget.add_to(command);
  command
      .add_option("--pauses", pauses,
                  "how long a pause must be to be listed by heapscribe pauses, e.g. 1ms; off = "
                  "none are recorded")
      ->transform(CLI::Validator(to_pause_threshold, "TIME"))
      ->envname("HEAPSCRIBE_PAUSES")
      ->default_str("100us");
}

void RecordingOptions::settle(const CLI::App& command, bool traced) {
  follow_preset(command, *this);
  check_use(*this, traced);
  wire::Budget readable{};
  budget.apply_to(readable);
}

void RecordingOptions::expect_effect(const CLI::App& command) const {
  const bool samples = mode.mode() == wire::Mode::Sample;
  if (!samples && was_given(command, "--sample", "HEAPSCRIBE_SAMPLE")) {
    refuse("--sample is for --mode sample, and --mode " + mode.name + " was asked for");
  }
  if (budget.empty() && was_given(command, "--budget-action", "HEAPSCRIBE_BUDGET_ACTION")) {
    refuse("--budget-action wants --budget");
  }
  if (samples && was_given(command, "--pauses", "HEAPSCRIBE_PAUSES")) {
    refuse("--pauses looks at every call, and --mode sample only at some");
  }
}

void RecordingOptions::apply_to(wire::SessionHeader& header) const {
  header.free_stacks = free_stacks ? 1 : 0;
  // For the leak check every live block must be known.
  header.census_wanted = mode.mode() == wire::Mode::Full && leak_check != "off" ? 1 : 0;
  budget.apply_to(header.budget);
  if (start_paused) header.interruption.wanted = wire::RecordingWish::Pause;
  collector::ask_for_pauses(header, pauses);
}

}  // namespace heapscribe::cli
