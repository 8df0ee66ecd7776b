// What the census found, into the recording: classes of live blocks and who holds them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

// Whether the copy of the program that takes a census is still at work.
class CensusWatch {
 public:
  // False once the census is complete or refused, the copy has died, or makes no progress.
  bool is_marking(const wire::Census& census);

 private:
  std::uint64_t progress_ = 0;
  std::chrono::steady_clock::time_point moved_ = std::chrono::steady_clock::now();
};
// Waits until it is not.
void await_census(const wire::Census& census);

struct CensusFindings {
  std::vector<capture::BlockClassRow> classes;
  std::vector<capture::HolderRow> holders;
};
// Nothing unless the census is complete. Call after a scan and before the flush that writes it:
// sites may be new to the writer.
//
// Registers that nobody could look at may hold as many blocks. A site that has lost no more than
// that many is not certain to have lost any: its definite blocks become possible ones.
std::optional<CensusFindings> read_census(const SessionView& view, const wire::Census& census,
                                          CounterReader& reader, capture::CaptureWriter& writer);

// The one at the program's end. Without it the recording says why, unless it has an earlier one.
std::optional<CensusFindings> read_last_census(const SessionView& view, CounterReader& reader,
                                               capture::CaptureWriter& writer,
                                               capture::Database& database);

// A census at the wish of somebody outside, while the program runs; see wire/census.h.
class AskedCensus {
 public:
  explicit AskedCensus(wire::SessionHeader& header) : header_(header) {}

  enum class Stage : std::uint8_t { UnderWay, Complete, Refused };
  // Asks the program, once; call it until it is no longer under way. It takes as long as the
  // program takes to allocate or release something, and the copy to look at it.
  Stage pursue();
  // Nobody waits any more.
  void give_up();

 private:
  wire::SessionHeader& header_;
  CensusWatch watch_;
  bool asked_ = false;
};

}  // namespace heapscribe::collector
