// What is recorded, and how: options of every command that starts a recording, and the presets that
// stand for some of them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "analyzer/cli/budget_option.h"
#include "analyzer/cli/snapshot_options.h"
#include "preload/collector/collector.h"
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

// Lives as long as the command it was added to.
struct RecordingOptions {
  RecordingMode mode;
  SnapshotWishes snapshots;
  BudgetOption budget;
  std::string unwinder = "auto";
  std::string preset;
  bool free_stacks = false;
  std::string leak_check = "exit";
  bool start_paused = false;
  std::uint64_t pauses = collector::kPauseThresholdNs;  // what counts as one; 0 = none wanted

  void add_to(CLI::App& command);
  void add_preset_to(CLI::App& command);
  // After parsing: the preset speaks where nothing else was said. Throws std::runtime_error with
  // one sentence for what does not go together. `traced`: every event is wanted.
  void settle(const CLI::App& command, bool traced);
  // Throws likewise if somebody gave an option that does nothing; call it after settle().
  void expect_effect(const CLI::App& command) const;
  // For the library to find.
  void apply_to(wire::SessionHeader& header) const;
};

// "512KiB" becomes a number; returns what is wrong with it.
std::string to_bytes(std::string& text);

}  // namespace heapscribe::cli
