#include "preload/bootstrap/early_events.h"

namespace heapscribe::bootstrap {
namespace {

// The process has one thread at this time.
constexpr std::size_t kMaxEvents = 1024;
constinit EarlyEvent events[kMaxEvents] = {};
constinit std::size_t count = 0;
constinit std::size_t lost = 0;

void note(EarlyEvent event) {
  if (event.block == nullptr) return;
  if (count < kMaxEvents) {
    events[count++] = event;
  } else {
    ++lost;
  }
}

}  // namespace

void note_early_allocation(const void* block, std::size_t requested, wire::CallKind kind) {
  note({block, requested, kind});
}

void note_early_release(const void* block) {
  note({block, EarlyEvent::kRelease, wire::CallKind::Malloc});
}

EarlyEvents early_events() {
  return {events, count, lost};
}

}  // namespace heapscribe::bootstrap
