// Histogram of requested sizes: every size up to 256 has a bucket of its own, larger sizes share
// eight buckets per doubling (at most 12.5 % wide). Pure arithmetic, checked over its whole range.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace heapscribe::wire {

inline constexpr std::size_t kExactSizes = 257;  // 0..256
inline constexpr unsigned kStepsPerDoubling = 8;
inline constexpr std::size_t kSizeBuckets = kExactSizes + (64 - 8) * kStepsPerDoubling;

// Bucket of a requested size in bytes.
constexpr std::size_t size_bucket(std::uint64_t size) {
  if (size < kExactSizes) return static_cast<std::size_t>(size);
  const std::uint64_t above = size - 1;  // so that a power of two closes its doubling
  const unsigned doubling = 63U - static_cast<unsigned>(std::countl_zero(above));  // >= 8
  const std::uint64_t step = (above >> (doubling - 3)) & (kStepsPerDoubling - 1);
  return kExactSizes + (doubling - 8) * kStepsPerDoubling + static_cast<std::size_t>(step);
}

// Largest size that falls into `bucket`.
constexpr std::uint64_t bucket_upper(std::size_t bucket) {
  if (bucket < kExactSizes) return bucket;
  const std::size_t index = bucket - kExactSizes;
  const unsigned doubling = 8U + static_cast<unsigned>(index / kStepsPerDoubling);
  const std::uint64_t step = index % kStepsPerDoubling;
  return (std::uint64_t{1} << doubling) + ((step + 1) << (doubling - 3)) -
         (doubling == 63 && step == 7);
}

// Smallest size that falls into `bucket`.
constexpr std::uint64_t bucket_lower(std::size_t bucket) {
  return bucket == 0 ? 0 : bucket_upper(bucket - 1) + 1;
}

constexpr bool size_buckets_are_consistent() {
  for (std::size_t bucket = 0; bucket < kSizeBuckets; ++bucket) {
    if (size_bucket(bucket_upper(bucket)) != bucket) return false;
    if (size_bucket(bucket_lower(bucket)) != bucket) return false;
  }
  return true;
}
static_assert(size_buckets_are_consistent());

}  // namespace heapscribe::wire
