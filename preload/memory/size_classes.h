// Size classes of the pool: multiples of 16 up to 128, then eight steps per doubling, so that above
// 128 bytes rounding up costs at most 12.5 %. Pure arithmetic, checked over its whole range.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "preload/wire/pool.h"

namespace heapscribe::memory {

inline constexpr std::size_t kGranule = 16;
inline constexpr std::size_t kFineLimit = 128;
inline constexpr std::size_t kMaxSmall = std::size_t{32} << 10;

// Small classes are numbered from 1; 0 says "no block here".
inline constexpr unsigned kClasses = 72;
inline constexpr unsigned kHuge = kClasses + 1;
static_assert(wire::kPoolClasses == kClasses + 1, "place 0 counts the huge blocks");

constexpr unsigned computed_class(std::size_t size) {
  if (size <= kFineLimit) return size == 0 ? 1 : static_cast<unsigned>((size + 15) / kGranule);
  const std::size_t above = size - 1;  // so that a power of two closes its doubling
  const unsigned doubling = 63U - static_cast<unsigned>(std::countl_zero(above));  // >= 7
  const auto step = static_cast<unsigned>(above >> (doubling - 3)) & 7U;
  return 9 + (doubling - 7) * 8 + step;
}

constexpr std::size_t class_size(unsigned size_class) {
  if (size_class <= 8) return size_class * kGranule;
  const unsigned doubling = 7 + (size_class - 9) / 8;
  const std::size_t step = (size_class - 9) % 8;
  return (std::size_t{1} << doubling) + ((step + 1) << (doubling - 3));
}

// Blocks of a class lie side by side in slabs, from the slab's start.
constexpr std::size_t slab_bytes(unsigned size_class) {
  return std::size_t{class_size(size_class) <= 8192 ? 64U : 256U} << 10;
}

// How many free blocks change hands at a time: about 32 KiB of them.
constexpr unsigned batch_blocks(unsigned size_class) {
  const std::size_t blocks = (std::size_t{32} << 10) / class_size(size_class);
  return static_cast<unsigned>(blocks > 63 ? 63 : blocks < 2 ? 2 : blocks);
}

// Everything about a class that the paths of an event need.
struct ClassShape {
  std::uint64_t reciprocal;  // ceil(2^64 / size)
  std::uint32_t slab_mask;   // bytes of a slab, less one
  std::uint16_t size;
  std::uint16_t capacity;  // blocks in a slab
};

constexpr ClassShape shape_of(unsigned size_class) {
  const auto size = static_cast<std::uint32_t>(class_size(size_class));
  const auto slab = static_cast<std::uint32_t>(slab_bytes(size_class));
  return {~std::uint64_t{0} / size + 1, slab - 1, static_cast<std::uint16_t>(size),
          static_cast<std::uint16_t>(slab / size)};
}

inline constexpr std::size_t kTableLimit = 1024;  // larger sizes are computed

namespace detail {

constexpr auto make_class_table() {
  std::array<std::uint8_t, kTableLimit / kGranule + 1> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<std::uint8_t>(computed_class(i * kGranule));
  }
  return table;
}
constexpr auto make_shapes() {
  std::array<ClassShape, kClasses + 1> shapes{};
  for (unsigned c = 1; c <= kClasses; ++c) shapes[c] = shape_of(c);
  return shapes;
}
}  // namespace detail

inline constexpr auto kClassTable = detail::make_class_table();
inline constexpr auto kShapes = detail::make_shapes();

// Class of a request of at most kMaxSmall bytes.
constexpr unsigned size_class(std::size_t size) {
  if (size <= kTableLimit) [[likely]]
    return kClassTable[(size + 15) / kGranule];
  return computed_class(size);
}

// Number of the block that starts `offset` bytes into a slab of this shape; `exact` is false
// between blocks. One multiplication: an offset is a multiple of the size exactly when the
// fraction of offset / size vanishes in the reciprocal's precision.
struct BlockNumber {
  std::uint32_t number;
  bool exact;
};
constexpr BlockNumber block_number(const ClassShape& shape, std::uint32_t offset) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{offset} * shape.reciprocal;
  return {static_cast<std::uint32_t>(product >> 64),
          static_cast<std::uint64_t>(product) < shape.reciprocal};
}

constexpr bool size_classes_are_consistent() {
  for (unsigned c = 1; c <= kClasses; ++c) {
    const std::size_t lower = c == 1 ? 0 : class_size(c - 1) + 1;
    if (size_class(class_size(c)) != c || size_class(lower) != c) return false;
    if (class_size(c) % kGranule != 0) return false;
    if (lower > kFineLimit && (class_size(c) - lower) * 8 > lower) return false;
    if (kShapes[c].capacity < 8 || kShapes[c].capacity > 4096) return false;
  }
  return class_size(kClasses) == kMaxSmall;
}
static_assert(size_classes_are_consistent());

}  // namespace heapscribe::memory
