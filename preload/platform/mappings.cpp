#include "preload/platform/mappings.h"

#include <fcntl.h>

#include <string_view>

#include "preload/platform/kernel.h"

namespace heapscribe::platform {

Mappings::Mappings()  // NOLINT(*-member-init): the buffer is filled by the kernel
    : descriptor_(system_call(SYS_openat, AT_FDCWD, as_argument("/proc/self/maps"),
                              O_RDONLY | O_CLOEXEC)) {}

Mappings::~Mappings() {
  if (descriptor_ >= 0) system_call(SYS_close, descriptor_);
}

char Mappings::read_character() {
  if (used_ == filled_) {
    const long length = system_call(SYS_read, descriptor_, as_argument(buffer_), sizeof buffer_);
    if (length <= 0) return 0;
    used_ = 0;
    filled_ = static_cast<std::size_t>(length);
  }
  return buffer_[used_++];
}

std::uintptr_t Mappings::read_number(char& after) {
  std::uintptr_t number = 0;
  for (;;) {
    after = read_character();
    if (after >= '0' && after <= '9') {
      number = number * 16 + static_cast<std::uintptr_t>(after - '0');
    } else if (after >= 'a' && after <= 'f') {
      number = number * 16 + static_cast<std::uintptr_t>(after - 'a' + 10);
    } else {
      return number;
    }
  }
}

// The rest of a line: "offset device inode", and the path, whose beginning tells.
MappingKind Mappings::read_kind() {
  constexpr int kFieldsBeforePath = 3;
  char last = read_character();
  for (int field = 0; field < kFieldsBeforePath && last != '\n' && last != 0; ++field) {
    last = read_character();
    while (last != ' ' && last != '\n' && last != 0) last = read_character();
  }
  while (last == ' ') last = read_character();
  char begin[8];
  std::size_t length = 0;
  for (; last != '\n' && last != 0; last = read_character()) {
    if (length < sizeof begin) begin[length++] = last;
  }
  const std::string_view path(begin, length);
  if (path.empty() || path.starts_with("[anon")) return MappingKind::Anonymous;  // named or not
  if (path == "[heap]") return MappingKind::Heap;
  if (path == "[stack]") return MappingKind::MainStack;
  return path.starts_with('[') ? MappingKind::Special : MappingKind::File;
}

// "begin-end rwxp offset device inode path".
bool Mappings::next(Mapping& mapping) {
  char last = 0;
  mapping.range.begin = read_number(last);
  if (last != '-') return false;
  mapping.range.end = read_number(last);
  mapping.readable = read_character() == 'r';
  mapping.writable = read_character() == 'w';
  read_character();
  mapping.shared = read_character() == 's';
  mapping.kind = read_kind();
  return true;
}

}  // namespace heapscribe::platform
