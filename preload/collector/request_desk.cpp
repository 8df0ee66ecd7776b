#include "preload/collector/request_desk.h"

namespace heapscribe::collector {

std::string clean_label(const char* text, std::size_t most) {
  std::string label;
  for (std::size_t at = 0; at < most && text[at] != '\0'; ++at) {
    const auto letter = static_cast<unsigned char>(text[at]);
    constexpr unsigned char kDelete = 0x7F;
    label += letter < ' ' || letter == kDelete ? '?' : text[at];
  }
  return label;
}

std::vector<Wish> RequestDesk::wishes() const {
  std::vector<Wish> found;
  for (std::size_t slot = 0; slot < wire::kRequests; ++slot) {
    const wire::Request& request = header_.requests[slot];
    if (request.state.load(std::memory_order_acquire) != wire::RequestState::Ready) continue;
    found.push_back(
        {slot, request.verb, request.origin, clean_label(request.label, wire::kLabelBytes - 1)});
  }
  return found;
}

std::vector<Wish> RequestDesk::wishes(wire::RequestVerb verb) const {
  std::vector<Wish> found = wishes();
  std::erase_if(found, [verb](const Wish& wish) { return wish.verb != verb; });
  return found;
}

void RequestDesk::answer(const Wish& wish, std::uint32_t answer) {
  wire::Request& request = header_.requests[wish.slot];
  request.answer.store(answer, std::memory_order_relaxed);
  // A thread of the program does not wait for an answer.
  const bool waits = wish.origin != wire::RequestOrigin::Program;
  request.state.store(waits ? wire::RequestState::Answered : wire::RequestState::Free,
                      std::memory_order_release);
}

void RequestDesk::take_back(std::uint64_t now_ns, std::uint64_t patience_ns) {
  for (std::size_t slot = 0; slot < wire::kRequests; ++slot) {
    std::atomic<wire::RequestState>& shared = header_.requests[slot].state;
    wire::RequestState state = shared.load(std::memory_order_acquire);
    Seen& seen = seen_[slot];
    if (state != seen.state) seen = {state, now_ns};
    const bool in_use = state == wire::RequestState::Free || state == wire::RequestState::Ready;
    if (in_use || now_ns - seen.since_ns < patience_ns) continue;
    shared.compare_exchange_strong(state, wire::RequestState::Free);
  }
}

}  // namespace heapscribe::collector
