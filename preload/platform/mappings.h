// The process's mappings as the kernel lists them (/proc/self/maps), without libc. Holds a
// descriptor while it lives.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::platform {

struct AddressRange {
  std::uintptr_t begin, end;
  bool contains(std::uintptr_t address) const { return address - begin < end - begin; }
};

enum class MappingKind : std::uint8_t { Anonymous, File, Heap, MainStack, Special };

struct Mapping {
  AddressRange range;
  bool readable, writable, shared;
  MappingKind kind;
};

class Mappings {
 public:
  Mappings();
  ~Mappings();
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;

  // False: the kernel does not tell.
  explicit operator bool() const { return descriptor_ >= 0; }
  // The next one by address; false when there are no more.
  bool next(Mapping& mapping);

 private:
  char read_character();  // 0 = no more
  MappingKind read_kind();
  std::uintptr_t read_number(char& after);

  long descriptor_;
  std::size_t used_ = 0, filled_ = 0;
  char buffer_[1024];
};

}  // namespace heapscribe::platform
