#include "preload/record/interruption.h"

#include "preload/bootstrap/process_phase.h"
#include "preload/bootstrap/thread_state.h"
#include "preload/record/session.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::record {
namespace {

using bootstrap::Phase;
using wire::RecordingWish;

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

RecordingWish take_wish() {
  std::atomic<RecordingWish>& wanted = interruption().wanted;
  if (wanted.load(std::memory_order_relaxed) == RecordingWish::None) return RecordingWish::None;
  return wanted.exchange(RecordingWish::None, std::memory_order_relaxed);
}

}  // namespace

void follow_wish() {
  const RecordingWish wish = take_wish();
  if (wish == RecordingWish::None) return;
  session.header().watch.silence();
  if (wish == RecordingWish::Pause) pause_recording();
  if (wish == RecordingWish::Resume) resume_recording();
}

bool begins_interrupted() {
  const bool wanted = take_wish() == RecordingWish::Pause;
  if (wanted) note_begin();
  return wanted;
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
