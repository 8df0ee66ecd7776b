// What happens before recording can begin: the dynamic loader, IFUNC resolvers and preinit
// functions allocate before libc has been told its environment. Noted here and counted once
// recording begins.
#pragma once

#include <cstddef>

#include "preload/wire/session.h"

namespace heapscribe::bootstrap {

void note_early_allocation(const void* block, std::size_t requested, wire::CallKind kind);
void note_early_release(const void* block);

struct EarlyEvent {
  const void* block = nullptr;
  std::size_t requested = 0;  // kRelease = the block was released
  wire::CallKind kind = wire::CallKind::Malloc;

  static constexpr std::size_t kRelease = ~std::size_t{0};
};

// In the order in which they happened; `lost` more did not fit.
struct EarlyEvents {
  const EarlyEvent* begin;
  std::size_t count;
  std::size_t lost;
};
EarlyEvents early_events();

}  // namespace heapscribe::bootstrap
