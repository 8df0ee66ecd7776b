// --mode and --sample, shared by the commands that start a recording.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

#include "preload/wire/session.h"

namespace heapscribe::cli {

struct RecordingMode {
  std::string name = "full";
  std::uint64_t sample_mean = std::uint64_t{512} << 10;  // bytes

  wire::Mode mode() const {
    if (name == "counts") return wire::Mode::Counts;
    return name == "sample" ? wire::Mode::Sample : wire::Mode::Full;
  }
};

// A trace of samples would be none.
inline void expect_every_event(const RecordingMode& mode) {
  if (mode.mode() != wire::Mode::Sample) return;
  throw std::runtime_error("--trace wants every event, and --mode sample records only some");
}

inline void expect_every_stack(const RecordingMode& mode) {
  if (mode.mode() == wire::Mode::Full) return;
  throw std::runtime_error("--free-stacks wants every stack, and --mode " + mode.name +
                           " does without");
}

// Where blocks are released is to be recorded too.
inline void add_free_stacks_option(CLI::App& command, bool& wanted) {
  command
      .add_flag("--free-stacks", wanted,
                "record where blocks are freed as well, for heapscribe releases")
      ->envname("HEAPSCRIBE_FREE_STACKS");
}

// Nothing is recorded until the program asks for it (heapscribe.h).
inline void add_start_paused_option(CLI::App& command, bool& paused) {
  command
      .add_flag("--start-paused", paused,
                "record nothing until the program (heapscribe.h) or heapscribe ctl resumes it")
      ->envname("HEAPSCRIBE_START_PAUSED");
}

inline void expect_use_of_start_paused(const RecordingMode& mode, bool paused) {
  if (!paused || mode.mode() != wire::Mode::Sample) return;
  throw std::runtime_error("--start-paused does not go with --mode sample");
}

// "512KiB" becomes a number; returns what is wrong with it.
inline std::string to_bytes(std::string& text) {
  const std::string given = text;
  try {
    if (CLI::AsSizeValue(false)(text).empty()) return "";
  } catch (const CLI::Error&) {
    // said in our own words
  }
  return "'" + given + "' is not a size such as 512KiB";
}

// An option that would not do anything is a mistake of whoever gives it; a variable is not given
// for this run alone.
inline void expect_use_of_sample(const CLI::App& command, const RecordingMode& mode) {
  if (command.count("--sample") == 0 || mode.mode() == wire::Mode::Sample) return;
  if (std::getenv("HEAPSCRIBE_SAMPLE") != nullptr) return;
  throw std::runtime_error("--sample is for --mode sample, and --mode " + mode.name +
                           " was asked for");
}
inline void expect_use_of_pauses(const CLI::App& command, const RecordingMode& mode) {
  if (command.count("--pauses") == 0 || mode.mode() != wire::Mode::Sample) return;
  if (std::getenv("HEAPSCRIBE_PAUSES") != nullptr) return;
  throw std::runtime_error("--pauses looks at every call, and --mode sample only at some");
}

// "100us" becomes nanoseconds, "off" 0; returns what is wrong with it.
inline std::string to_pause_threshold(std::string& text) {
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

// What counts as a pause; 0 = pauses are not wanted.
inline void add_pauses_option(CLI::App& command, std::uint64_t& threshold_ns) {
  command
      .add_option("--pauses", threshold_ns,
                  "how long a pause must be to be listed by heapscribe pauses, e.g. 1ms; off = "
                  "none are recorded")
      ->transform(CLI::Validator(to_pause_threshold, "TIME"))
      ->envname("HEAPSCRIBE_PAUSES")
      ->default_str("100us");
}

// Asking for a distance between samples is asking for samples.
inline void add_mode_options(CLI::App& command, RecordingMode& mode) {
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

// Whether blocks that are alive at the end are to be told apart by what still points to them.
inline void add_leak_check_option(CLI::App& command, std::string& when) {
  command
      .add_option("--leak-check", when,
                  "exit: find out at the end what can still be reached; off: do without")
      ->check(CLI::IsMember({"exit", "off"}))
      ->envname("HEAPSCRIBE_LEAK_CHECK")
      ->capture_default_str();
}

// For that every live block must be known.
inline bool wants_leak_check(const RecordingMode& mode, const std::string& when) {
  return mode.mode() == wire::Mode::Full && when != "off";
}

}  // namespace heapscribe::cli
