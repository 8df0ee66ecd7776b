#include "preload/record/release_rows.h"

#include "preload/platform/keep_errno.h"
#include "preload/record/counting.h"
#include "preload/record/module_list.h"
#include "preload/record/pauses.h"
#include "preload/record/stack_table.h"
#include "preload/unwind/stack_hash.h"

namespace heapscribe::record {

constinit bool free_stacks_wanted = false;

namespace {

using wire::ReleaseBlock;
using wire::ReleaseRow;
using wire::SiteRow;

constexpr std::uint32_t kFirstRows = 64;

// A step each: a site may release its own blocks, and two sites each other's.
std::uint64_t pair_key(const SiteRow& origin, std::uint64_t releaser) {
  const std::uint64_t maker = unwind::mix(1, origin.key.load(std::memory_order_relaxed));
  const std::uint64_t key = unwind::mix(maker, releaser);
  return key != 0 ? key : 1;
}

void count_one(ReleaseRow& row, std::uint64_t size) {
  add(row.frees, 1);
  add(row.bytes, size);
}

}  // namespace

void set_free_stacks(bool wanted) {
  free_stacks_wanted = wanted;
}

void ReleaseRows::count(const SiteRow& origin, std::uint64_t size, const unwind::Stack& stack,
                        wire::CounterTable& table) {
  const std::uint64_t key = pair_key(origin, stack.hash);
  ReleaseRow* row = find(key);
  if (row == nullptr) {
    const platform::KeepErrno keep;
    refresh_modules();
    row = add(key, origin, stack_table.intern(stack), table);
  }
  if (row != nullptr) count_one(*row, size);
}

void ReleaseRows::count(const SiteRow& origin, std::uint64_t size, const SiteRow& by,
                        wire::CounterTable& table) {
  const std::uint64_t key = pair_key(origin, by.key.load(std::memory_order_relaxed));
  ReleaseRow* row = find(key);
  if (row == nullptr) row = add(key, origin, by.stack, table);
  if (row != nullptr) count_one(*row, size);
}

ReleaseRow* ReleaseRows::find(std::uint64_t key) const {
  if (rows_ == nullptr) return nullptr;
  for (std::uint64_t at = key;; ++at) {
    ReleaseRow& row = rows_[at & mask_];
    const std::uint64_t seen = row.key.load(std::memory_order_relaxed);
    if (seen == key) return &row;
    if (seen == 0) return nullptr;
  }
}

// A quarter of the places stays free, so that searches end soon.
ReleaseRow* ReleaseRows::add(std::uint64_t key, const SiteRow& origin, wire::Ref stack,
                             wire::CounterTable& table) {
  if (rows_ == nullptr || used_ >= mask_ - mask_ / 4) {
    if (!grow(table)) return nullptr;
  }
  std::uint64_t at = key;
  while (rows_[at & mask_].key.load(std::memory_order_relaxed) != 0) ++at;
  ReleaseRow& row = rows_[at & mask_];
  row.origin = session.ref(&origin);
  row.stack = stack;
  ++used_;
  row.key.store(key, std::memory_order_release);
  return &row;
}

bool ReleaseRows::grow(wire::CounterTable& table) {
  const std::uint32_t capacity = rows_ == nullptr ? kFirstRows : (mask_ + 1) * 2;
  auto* block = static_cast<ReleaseBlock*>(
      session.allocate(sizeof(ReleaseBlock) + std::size_t{capacity} * sizeof(ReleaseRow)));
  if (block == nullptr) return false;
  block->older = table.releases.load(std::memory_order_relaxed);
  block->capacity = capacity;
  rows_ = reinterpret_cast<ReleaseRow*>(block + 1);
  mask_ = capacity - 1;
  used_ = 0;
  table.releases.store(session.ref(block), std::memory_order_release);
  return true;
}

}  // namespace heapscribe::record
