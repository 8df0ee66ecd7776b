// --snapshot-every and --snapshot-signal, shared by the commands that start a recording.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "analyzer/cli/duration.h"
#include "preload/collector/collector.h"
#include "preload/collector/snapshot_signal.h"

namespace heapscribe::cli {

struct SnapshotWishes {
  std::string every;   // 1s; empty = none
  std::string signal;  // SIGUSR2; empty = none

  // Once the collector's process has its other signals.
  void apply_to(collector::Collector& collector) const {
    collector.snapshot_every(static_cast<std::uint64_t>(parse_duration(every).value_or(0)));
    if (!signal.empty()) collector::take_snapshots_at(collector::signal_number(signal));
  }
};

// Returns what is wrong with it.
inline std::string check_snapshot_period(const std::string& text) {
  constexpr std::int64_t kShortest = 100'000'000;  // 100 ms
  const auto period = parse_duration(text);
  if (!period) return "'" + text + "' is not a time such as 1s or 500ms";
  return *period < kShortest ? "'" + text + "' is less than 100ms" : "";
}

inline std::string check_snapshot_signal(const std::string& text) {
  if (collector::signal_number(text) != 0) return "";
  return "'" + text + "' is not a signal that can ask for a snapshot, such as SIGUSR2";
}

inline void add_snapshot_options(CLI::App& command, SnapshotWishes& wishes) {
  command
      .add_option("--snapshot-every", wishes.every,
                  "take a snapshot that often (1s, 500ms ...), for heapscribe snapshots and diff")
      ->check(CLI::Validator(check_snapshot_period, "TIME"))
      ->envname("HEAPSCRIBE_SNAPSHOT_EVERY");
  command
      .add_option("--snapshot-signal", wishes.signal,
                  "take one when heapscribe itself gets this signal, e.g. SIGUSR2; the program "
                  "does not get it")
      ->check(CLI::Validator(check_snapshot_signal, "SIGNAL"))
      ->envname("HEAPSCRIBE_SNAPSHOT_SIGNAL");
}

}  // namespace heapscribe::cli
