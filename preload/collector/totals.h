// What the whole process adds up to, written into the recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/memory_limits.h"

namespace heapscribe::collector {

// Known before the program starts.
struct RecordingInfo {
  std::string program;
  std::vector<std::string> command_line;
  std::string working_directory;
  std::string unwinder;
  wire::Mode mode = wire::Mode::Full;
  pid_t pid = 0;
  std::string session_path;
  std::string allocator = "system";
  std::uint64_t sample_mean = 1;  // bytes; for Mode::Sample
  std::string preset = {};        // that the settings come from, or none
};
void describe(const RecordingInfo& info, const MemoryLimits& memory,
              capture::CaptureWriter& writer);

// How the program, or at least its recording, ended.
struct End {
  std::string kind = "unknown";  // as in schema.sql
  std::optional<int> status;
};

// What the library noted, used where the kernel said nothing.
End end_noted_by(const wire::SessionHeader& header);
End end_of_wait_status(const wire::SessionHeader& header, int wait_status);

// Numbers so far, into `recording`.
void set_totals(const ProcessTotals& totals, const wire::SessionHeader& header,
                std::uint64_t duration_ns, capture::CaptureWriter& writer);
void set_end(const End& end, const std::string& exec_path, capture::CaptureWriter& writer);
// The tables that are complete only at the end; to be called by a flush.
void write_final_tables(const ProcessTotals& totals, capture::CaptureWriter& writer);

}  // namespace heapscribe::collector
