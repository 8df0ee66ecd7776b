// The collector's side of wire/requests.h.
//
// Nothing in a slot is trusted: labels are cut and made printable, and a slot that nobody takes
// back is freed. The collector's main thread owns the desk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "preload/wire/session.h"

namespace heapscribe::collector {

struct Wish {
  std::size_t slot = 0;
  wire::RequestVerb verb = wire::RequestVerb::Snapshot;
  wire::RequestOrigin origin = wire::RequestOrigin::Command;
  std::string label;
};

class RequestDesk {
 public:
  explicit RequestDesk(wire::SessionHeader& header) : header_(header) {}

  // What of this kind is asked for and not answered yet. Asks no kernel: cheap at every tick.
  std::vector<Wish> wishes(wire::RequestVerb verb) const;
  // All that is asked for, whatever it is.
  std::vector<Wish> wishes() const;
  // 0 = it cannot be done.
  void answer(const Wish& wish, std::uint32_t answer);
  // Slots that stay claimed or answered for longer than `patience_ns` were left behind.
  void take_back(std::uint64_t now_ns, std::uint64_t patience_ns);

 private:
  struct Seen {
    wire::RequestState state = wire::RequestState::Free;
    std::uint64_t since_ns = 0;
  };
  wire::SessionHeader& header_;
  std::array<Seen, wire::kRequests> seen_{};
};

// What may be shown of a label that somebody else wrote.
std::string clean_label(const char* text, std::size_t most);

}  // namespace heapscribe::collector
