#include "preload/census/memory_map.h"

#include <fcntl.h>

#include <algorithm>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

namespace heapscribe::census {
namespace {

constexpr std::size_t kMostMappings = std::size_t{1} << 20;

}  // namespace

bool MemoryMap::read() {
  mappings_ = static_cast<Mapping*>(platform::map_pages(kMostMappings * sizeof(Mapping)));
  if (mappings_ == nullptr) return false;
  page_map_ = static_cast<int>(platform::system_call(
      SYS_openat, AT_FDCWD, platform::as_argument("/proc/self/pagemap"), O_RDONLY | O_CLOEXEC));
  platform::Mappings lines;
  if (!lines) return false;
  while (count_ < kMostMappings && lines.next(mappings_[count_])) ++count_;
  return count_ > 0;
}

const Mapping* MemoryMap::next(std::uintptr_t address) const {
  const Mapping* found =
      std::upper_bound(mappings_, mappings_ + count_, address,
                       [](std::uintptr_t at, const Mapping& m) { return at < m.range.end; });
  return found != mappings_ + count_ ? found : nullptr;
}

const Mapping* MemoryMap::find(std::uintptr_t address) const {
  const Mapping* found = next(address);
  return found != nullptr && found->range.contains(address) ? found : nullptr;
}

void MemoryMap::ask(const Mapping& mapping, std::uintptr_t begin, std::size_t pages,
                    bool* used) const {
  constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
  constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
  constexpr std::uint64_t kOfFile = std::uint64_t{1} << 61;
  std::uint64_t entries[kBatch] = {};
  const auto bytes = static_cast<long>(pages * sizeof entries[0]);
  const long got =
      page_map_ < 0 ? 0
                    : platform::system_call(SYS_pread64, page_map_, platform::as_argument(&entries),
                                            bytes, static_cast<long>(begin / 4096 * 8));
  const bool of_file = mapping.kind == MappingKind::File && !mapping.shared;
  for (std::size_t i = 0; i < pages; ++i) {
    const bool known = got == bytes && !mapping.shared;
    const bool untouched = (entries[i] & (kPresent | kSwapped)) == 0;
    used[i] = !known || (!untouched && !(of_file && (entries[i] & kOfFile) != 0));
  }
}

}  // namespace heapscribe::census
