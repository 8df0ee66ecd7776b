#include "preload/census/memory_map.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

namespace heapscribe::census {
namespace {

constexpr std::size_t kMostText = std::size_t{64} << 20;
constexpr std::size_t kShortestLine = 40;

int open_file(const char* path) {
  return static_cast<int>(platform::system_call(SYS_openat, AT_FDCWD, platform::as_argument(path),
                                                O_RDONLY | O_CLOEXEC));
}

std::size_t read_file(const char* path, char* text, std::size_t capacity) {
  const int file = open_file(path);
  if (file < 0) return 0;
  std::size_t size = 0;
  while (size < capacity) {
    const long got = platform::system_call(SYS_read, file, platform::as_argument(text + size),
                                           static_cast<long>(capacity - size));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  platform::system_call(SYS_close, file);
  return size;
}

std::uintptr_t take_hexadecimal(std::string_view& text) {
  std::uintptr_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    value = value << 4 | static_cast<unsigned>(digit);
    text.remove_prefix(1);
  }
  return value;
}

MappingKind kind_of(std::string_view path) {
  if (path.empty()) return MappingKind::Anonymous;
  if (path == "[heap]") return MappingKind::Heap;
  if (path == "[stack]") return MappingKind::MainStack;
  if (path.starts_with("[anon")) return MappingKind::Anonymous;  // named by the program
  return path.starts_with('[') ? MappingKind::Special : MappingKind::File;
}

// "begin-end rwxp offset device inode   path"
bool parse_line(std::string_view line, Mapping& mapping) {
  mapping.range.begin = take_hexadecimal(line);
  if (!line.starts_with('-')) return false;
  line.remove_prefix(1);
  mapping.range.end = take_hexadecimal(line);
  if (line.size() < 6) return false;
  mapping.readable = line[1] == 'r';
  mapping.writable = line[2] == 'w';
  mapping.shared = line[4] == 's';
  constexpr int kFieldsBeforePath = 4;
  line.remove_prefix(1);
  for (int field = 0; field < kFieldsBeforePath; ++field) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) {
      line = {};
      break;
    }
    line.remove_prefix(blank + 1);
  }
  const std::size_t path = line.find_first_not_of(' ');
  mapping.kind = kind_of(path == std::string_view::npos ? std::string_view{} : line.substr(path));
  return true;
}

}  // namespace

bool MemoryMap::read() {
  auto* text = static_cast<char*>(platform::map_pages(kMostText));
  if (text == nullptr) return false;
  const std::size_t size = read_file("/proc/self/maps", text, kMostText);
  page_map_ = open_file("/proc/self/pagemap");
  return parse(text, size);  // the text stays: it is in the map
}

bool MemoryMap::parse(const char* text, std::size_t size) {
  mappings_ =
      static_cast<Mapping*>(platform::map_pages((size / kShortestLine + 1) * sizeof(Mapping)));
  if (mappings_ == nullptr) return false;
  std::string_view rest(text, size);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (parse_line(rest.substr(0, end), mappings_[count_])) ++count_;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
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
