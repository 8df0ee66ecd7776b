#include "preload/collector/totals.h"

#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>

#include "preload/capture/numbers.h"

namespace heapscribe::collector {
namespace {

using capture::integer;

std::string host_name() {
  utsname names{};
  return uname(&names) == 0 ? names.nodename : "";
}

std::string json_array(const std::vector<std::string>& words) {
  return nlohmann::json(words).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<capture::SizeClass> size_classes(const ProcessTotals& totals) {
  std::vector<capture::SizeClass> classes;
  for (std::size_t bucket = 0; bucket < totals.sizes.size(); ++bucket) {
    if (totals.sizes[bucket] == 0) continue;
    classes.push_back({.lower = wire::bucket_lower(bucket),
                       .upper = wire::bucket_upper(bucket),
                       .allocations = totals.sizes[bucket]});
  }
  return classes;
}

// Of live bytes that were estimated, 95 %: a block of s bytes that is recorded with probability
// p = 1 - exp(-s / mean) adds s^2 (1 - p) / p to the variance, which is at most s * mean.
std::uint64_t sampling_error(std::int64_t live_bytes, const wire::SessionHeader& header) {
  if (header.mode != wire::Mode::Sample || live_bytes <= 0) return 0;
  const double bound = static_cast<double>(live_bytes) * static_cast<double>(header.sample_mean);
  return static_cast<std::uint64_t>(1.96 * std::sqrt(bound));
}

}  // namespace

void describe(const RecordingInfo& info, const MemoryLimits& memory,
              capture::CaptureWriter& writer) {
  writer.set_recording("state", "recording");
  writer.set_recording("end_kind", "running");
  writer.set_recording("program", info.program);
  writer.set_recording("command_line", json_array(info.command_line));
  writer.set_recording("working_directory", info.working_directory);
  writer.set_recording("host", host_name());
  writer.set_recording("pid", integer(static_cast<std::uint64_t>(info.pid)));
  writer.set_recording("collector_pid", integer(static_cast<std::uint64_t>(getpid())));
  writer.set_recording("session_path", info.session_path);
  writer.set_recording("mode", std::string(name_of(info.mode)));
  if (info.mode == wire::Mode::Sample) {
    writer.set_recording("sample_mean_bytes", integer(info.sample_mean));
  }
  writer.set_recording("unwinder", info.unwinder);
  if (!info.preset.empty()) writer.set_recording("preset", info.preset);
  writer.set_recording("allocator", info.allocator);
  writer.set_recording("heapscribe_version", HEAPSCRIBE_VERSION);
  if (memory.machine) writer.set_recording("memory_total_bytes", integer(*memory.machine));
  if (memory.group) writer.set_recording("memory_limit_bytes", integer(*memory.group));
}

End end_noted_by(const wire::SessionHeader& header) {
  switch (header.end_kind.load(std::memory_order_acquire)) {
    case wire::EndKind::Exit:
    case wire::EndKind::ImmediateExit:
    case wire::EndKind::QuickExit:
      return {"exited", header.end_status.load(std::memory_order_relaxed) & 0xFF};
    case wire::EndKind::Exec:
      return {"execed", std::nullopt};
    case wire::EndKind::Abort:
      return {"signaled", SIGABRT};
    case wire::EndKind::Unknown:
      break;
  }
  return {};
}

End end_of_wait_status(const wire::SessionHeader& header, int wait_status) {
  // A new program in the same process that ended before we looked: the status is its own.
  if (header.end_kind.load(std::memory_order_acquire) == wire::EndKind::Exec) {
    return {"execed", std::nullopt};
  }
  if (WIFSIGNALED(wait_status)) return {"signaled", WTERMSIG(wait_status)};
  return {"exited", WEXITSTATUS(wait_status)};
}

void set_totals(const ProcessTotals& totals, const wire::SessionHeader& header,
                std::uint64_t duration_ns, capture::CaptureWriter& writer) {
  const capture::Counters& sum = totals.counters;
  writer.set_recording("start_realtime_ns", integer(header.start_realtime_ns));
  writer.set_recording("duration_ns", integer(duration_ns));
  writer.set_recording("allocations", integer(sum.allocations));
  writer.set_recording("allocated_bytes", integer(sum.bytes));
  writer.set_recording("frees", integer(sum.frees));
  writer.set_recording("freed_bytes", integer(sum.freed_bytes));
  writer.set_recording("reallocations", integer(sum.reallocations));
  writer.set_recording("temporary", integer(sum.temporary));
  writer.set_recording("usable_bytes", integer(sum.usable_bytes));
  writer.set_recording("unknown_frees", integer(totals.unknown_frees));
  writer.set_recording("failed_calls", integer(totals.failed));
  writer.set_recording("live_blocks", sum.live_blocks());
  writer.set_recording("live_bytes", sum.live_bytes());
  // Threads hold back a little of what they have allocated: the end may be the real high-water
  // mark.
  const std::int64_t marked = header.peak_bytes.load(std::memory_order_relaxed);
  const bool at_mark = sum.live_bytes() > marked;
  writer.set_recording("peak_bytes", std::max(marked, sum.live_bytes()));
  writer.set_recording(
      "peak_ns", integer(at_mark ? duration_ns : header.peak_ns.load(std::memory_order_relaxed)));
  writer.set_recording("peak_error_bytes",
                       integer(header.peak_error_bytes.load(std::memory_order_relaxed) +
                               sampling_error(std::max(marked, sum.live_bytes()), header)));
  writer.set_recording("threads", integer(header.threads.load(std::memory_order_relaxed)));
  writer.set_recording("unrecorded_children",
                       integer(header.unrecorded_children.load(std::memory_order_relaxed)));
}

void set_end(const End& end, const std::string& exec_path, capture::CaptureWriter& writer) {
  writer.set_recording("end_kind", end.kind);
  if (end.status) {
    writer.set_recording("end_status", std::int64_t{*end.status});
  } else {
    writer.set_recording("end_status", std::monostate{});
  }
  if (end.kind == "execed") writer.set_recording("exec_path", exec_path);
}

void write_final_tables(const ProcessTotals& totals, capture::CaptureWriter& writer) {
  writer.write_losses(totals.losses);
  writer.write_call_kinds(totals.kind_allocations, totals.kind_bytes);
  writer.write_sizes(size_classes(totals));
}

}  // namespace heapscribe::collector
