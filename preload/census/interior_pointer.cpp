#include "preload/census/interior_pointer.h"

#include "preload/bootstrap/real_functions.h"
#include "preload/record/session.h"

namespace heapscribe::census {
namespace {

using wire::CallKind;

std::uint64_t read(std::uintptr_t address) {
  return *reinterpret_cast<const std::uint64_t*>(address);
}

CallKind kind_of(const Block& block) {
  return record::session.at<wire::SiteRow>(block.row)->kind;
}

// The cookie is as large as the elements' alignment asks for, and the number is its last word.
bool is_array_with_cookie(const Block& block, std::uint64_t offset) {
  if (offset != 8 && offset != 16) return false;
  const std::uint64_t count = read(block.address + offset - 8);
  const std::uint64_t bytes = block.size - offset;
  if (bytes == 0) return count == 0;
  return count != 0 && count <= bytes && bytes % count == 0;
}

// A virtual table is preceded by the distance to the top of the object, for a second base negative.
bool is_second_base(const Block& block, std::uintptr_t word, std::uint64_t offset,
                    const MemoryMap& map) {
  if (offset % 8 != 0 || block.size - offset < 8) return false;
  const std::uintptr_t table = read(word);
  if (table % 8 != 0) return false;
  const Mapping* mapping = map.find(table);
  if (mapping == nullptr || !mapping->readable || mapping->kind != MappingKind::File) return false;
  if (!mapping->range.contains(table - 16)) return false;
  return read(table - 16) == std::uint64_t{0} - offset;
}

// libstdc++ before C++11's rules: length, capacity, owners less one, characters.
bool is_shared_string(const Block& block, std::uint64_t offset) {
  constexpr std::uint64_t kHeader = 24;
  if (offset != kHeader) return false;
  const std::uint64_t length = read(block.address);
  const std::uint64_t capacity = read(block.address + 8);
  return length <= capacity && capacity <= block.size && block.size - capacity > kHeader &&
         block.size - capacity - kHeader < 4096;
}

bool has_size_in_front(const Block& block, std::uint64_t offset) {
  return offset == 8 && read(block.address) == block.size - 8;
}

}  // namespace

bool is_chunk_behind(const Block& block, std::uintptr_t word) {
  if (!bootstrap::is_glibc_underneath()) return false;
  constexpr std::uint64_t kFlags = 7;
  return word == block.address - 16 + (read(block.address - 8) & ~kFlags);
}

bool is_usual(const Block& block, std::uintptr_t word, const MemoryMap& map) {
  if (block.address % 8 != 0) return false;
  const std::uint64_t offset = word - block.address;
  const CallKind kind = kind_of(block);
  const bool by_new_array = kind == CallKind::NewArray || kind == CallKind::NewAligned;
  if (by_new_array && is_array_with_cookie(block, offset)) return true;
  if (kind == CallKind::New || kind == CallKind::NewAligned) {
    return is_second_base(block, word, offset, map) || is_shared_string(block, offset);
  }
  return is_second_base(block, word, offset, map) || has_size_in_front(block, offset);
}

}  // namespace heapscribe::census
