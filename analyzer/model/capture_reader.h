// Opens a recording, refuses what it cannot read, and tells what state it is in.
//
// States, told apart by recording.state and by who still runs:
//
//   Complete     written to the end
//   Recovered    put together by `heapscribe recover` after the collector died
//   Live         the program still runs; what is there is reported, and says so
//   Finishing    the program ended, the collector has not yet; open() waits for it
//   Interrupted  the collector died; what it had written is reported, and says so
//
// Nothing is ever written. Everything is read in one transaction, so that a report on a live
// recording agrees with itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/frame_table.h"
#include "analyzer/model/stack_table.h"
#include "analyzer/model/units.h"
#include "preload/capture/database.h"

namespace heapscribe::model {

enum class RecordingState { Complete, Recovered, Live, Finishing, Interrupted };

std::string_view name_of(RecordingState state);

struct Loss {
  std::string kind;
  Count events;
  std::string meaning;
};

// Totals of the run, exact.
struct Totals {
  Count allocations;
  Bytes allocated_bytes;
  Count frees;
  Bytes freed_bytes;
  Count reallocations;
  Count temporary;
  Bytes usable_bytes;  // 0 = not known
  Count unknown_frees;
  Count failed_calls;
  Count live_blocks;
  Bytes live_bytes;
  Bytes peak_bytes;
  Nanoseconds peak_at;
  Bytes peak_error;  // 0 = peak_bytes is exact
  Count threads;
  Count unrecorded_children;
  Nanoseconds duration;

  Measures measures() const;
};

struct OpenOptions {
  std::int64_t wait_ms = 60'000;     // for a collector that is finishing
  std::function<void()> on_waiting;  // called once, after a second of waiting
  // Called with a recording that is still being written, which has no names yet: may put some into
  // temporary tables that take the place of those in the file.
  std::function<void(capture::Database&)> name_live;
};

class CaptureReader {
 public:
  // Throws std::runtime_error with one sentence.
  explicit CaptureReader(const std::string& path, const OpenOptions& options = {});
  // Takes over a database that is already open, e.g. one in memory.
  explicit CaptureReader(capture::Database database);
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;

  const std::string& path() const { return database_.path(); }
  RecordingState state() const { return state_; }
  const Totals& totals() const { return totals_; }
  const std::vector<Loss>& losses() const { return losses_; }  // every kind, in a fixed order

  // Values of table `recording`; empty where there is none.
  std::string text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  bool symbolized() const { return integer("symbolized").value_or(0) != 0; }
  // Mean distance of the samples, where only samples were recorded.
  std::optional<Bytes> sample_mean() const;
  // Samples lie in the recorder's pool, which rounds otherwise than the program's allocator.
  bool knows_rounding() const { return !sample_mean(); }
  // Last part of the program's path.
  std::string program() const;

  capture::Database& database() { return database_; }
  FrameTable& frames() { return frames_; }
  StackTable& stacks() { return stacks_; }

 private:
  void read_everything();
  void read_recording();
  void read_totals();
  void read_losses();

  capture::Database database_;
  RecordingState state_ = RecordingState::Complete;
  std::vector<std::pair<std::string, std::optional<std::string>>> recording_;
  Totals totals_;
  std::vector<Loss> losses_;
  FrameTable frames_{database_};
  StackTable stacks_{database_};
};

}  // namespace heapscribe::model
