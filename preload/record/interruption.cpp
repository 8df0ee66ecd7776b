#include "preload/record/interruption.h"

#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/thread_state.h"
#include "preload/record/session.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::record {
namespace {

using bootstrap::Phase;

bool change_phase(Phase from, Phase to) {
  return bootstrap::phase_page.phase.compare_exchange_strong(from, to, std::memory_order_acq_rel);
}

wire::Interruption& interruption() {
  return session.header().interruption;
}

void note_begin() {
  const std::uint64_t now = session.now();
  interruption().times.fetch_add(1, std::memory_order_relaxed);
  interruption().since_ns.store(now != 0 ? now : 1, std::memory_order_relaxed);
}

void note_end() {
  const std::uint64_t since = interruption().since_ns.exchange(0, std::memory_order_relaxed);
  const std::uint64_t now = session.now();
  if (since != 0 && now > since) {
    interruption().total_ns.fetch_add(now - since, std::memory_order_relaxed);
  }
}

}  // namespace

bool begins_interrupted() {
  if (interruption().begins.load(std::memory_order_relaxed) == 0) return false;
  note_begin();
  return true;
}

bool pause_recording() {
  if (!change_phase(Phase::Recording, Phase::Paused)) return false;
  note_begin();
  // Another thread may have resumed before the begin was noted.
  if (bootstrap::phase() != Phase::Paused) note_end();
  return true;
}

bool resume_recording() {
  if (!change_phase(Phase::Paused, Phase::Recording)) return false;
  note_end();
  return true;
}

void note_unrecorded() {
  if (ThreadRecorder* recorder = bootstrap::thread_state.recorder) {
    recorder->allocation_unrecorded();
  } else {
    interruption().unrecorded.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace heapscribe::record
