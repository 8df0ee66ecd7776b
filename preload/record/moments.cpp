#include "preload/record/moments.h"

#include <cstring>

#include "preload/record/pauses.h"
#include "preload/record/session.h"

namespace heapscribe::record {
namespace {

constinit std::atomic<std::uint32_t> markers{0};

}  // namespace

bool note_marker(std::string_view name, std::uint32_t thread) {
  if (markers.load(std::memory_order_relaxed) >= wire::kMostMarkers) return false;
  const std::string_view kept = name.substr(0, wire::kLongestName);
  auto* marker = static_cast<wire::MarkerRecord*>(
      session.allocate(sizeof(wire::MarkerRecord) + kept.size(), wire::kUnit));
  if (marker == nullptr) return false;
  markers.fetch_add(1, std::memory_order_relaxed);
  marker->thread = thread;
  marker->ns = session.now();
  marker->ticks = clock_runs() ? ticks_now() : 0;
  marker->name_length = static_cast<std::uint32_t>(kept.size());
  std::memcpy(reinterpret_cast<char*>(marker + 1), kept.data(), kept.size());
  session.push(session.header().first_marker, marker);
  return true;
}

bool ask_for_snapshot(std::string_view label) {
  for (wire::Request& request : session.header().requests) {
    wire::RequestState expected = wire::RequestState::Free;
    if (!request.state.compare_exchange_strong(expected, wire::RequestState::Claimed)) continue;
    request.verb = wire::RequestVerb::Snapshot;
    request.origin = wire::RequestOrigin::Program;
    request.answer.store(0, std::memory_order_relaxed);
    std::memset(request.label, 0, wire::kLabelBytes);
    label.copy(request.label, wire::kLabelBytes - 1);
    request.state.store(wire::RequestState::Ready, std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace heapscribe::record
