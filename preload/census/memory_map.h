// What is mapped where in the calling process, and which of its pages hold anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/platform/mappings.h"

namespace heapscribe::census {

using Range = platform::AddressRange;
using platform::Mapping;
using platform::MappingKind;

class MemoryMap {
 public:
  // False if the kernel does not tell, or there is no memory for it.
  bool read();

  std::size_t size() const { return count_; }
  const Mapping& operator[](std::size_t index) const { return mappings_[index]; }
  // nullptr if nothing is mapped there.
  const Mapping* find(std::uintptr_t address) const;

  // Calls visit(begin, end) for the parts of [begin, end) that can be read and may hold a pointer:
  // pages that were never touched, or that are as the file has them, are left out where that saves
  // anything. Unreadable pages are gaps.
  template <typename Visit>
  void for_each_used(Range range, Visit visit) const {
    std::uintptr_t at = range.begin;
    while (at < range.end) {
      const Mapping* mapping = next(at);
      if (mapping == nullptr) return;
      if (at < mapping->range.begin) at = mapping->range.begin;
      const std::uintptr_t end = mapping->range.end < range.end ? mapping->range.end : range.end;
      if (at < end && mapping->readable) {
        if (end - at < kWorthAsking && mapping->kind != MappingKind::File) {
          visit(at, end);
        } else {
          visit_used_pages(*mapping, at, end, visit);
        }
      }
      at = mapping->range.end;
    }
  }

 private:
  static constexpr std::size_t kWorthAsking = std::size_t{64} << 10;
  static constexpr std::size_t kBatch = 512;  // pages asked for at once

  // The first mapping that ends behind `address`.
  const Mapping* next(std::uintptr_t address) const;
  // Fills `used` for `pages` pages from `begin` on; all true where the kernel does not tell.
  void ask(const Mapping& mapping, std::uintptr_t begin, std::size_t pages, bool* used) const;

  template <typename Visit>
  void visit_used_pages(const Mapping& mapping, std::uintptr_t begin, std::uintptr_t end,
                        Visit& visit) const {
    constexpr std::uintptr_t kPage = 4096;
    bool used[kBatch];
    for (std::uintptr_t batch = begin / kPage * kPage; batch < end; batch += kBatch * kPage) {
      const std::uintptr_t batch_end = batch + kBatch * kPage < end ? batch + kBatch * kPage : end;
      const std::size_t pages = (batch_end - batch + kPage - 1) / kPage;
      ask(mapping, batch, pages, used);
      for (std::size_t i = 0; i < pages; ++i) {
        if (!used[i]) continue;
        std::size_t run = i + 1;
        while (run < pages && used[run]) ++run;
        const std::uintptr_t from = batch + i * kPage > begin ? batch + i * kPage : begin;
        const std::uintptr_t to = batch + run * kPage < end ? batch + run * kPage : end;
        visit(from, to);
        i = run;
      }
    }
  }

  Mapping* mappings_ = nullptr;
  std::size_t count_ = 0;
  int page_map_ = -1;  // open as long as the process lives
};

}  // namespace heapscribe::census
