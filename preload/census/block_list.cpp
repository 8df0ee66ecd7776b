#include "preload/census/block_list.h"

#include <algorithm>

#include "preload/bootstrap/real_functions.h"
#include "preload/memory/pool.h"
#include "preload/platform/pages.h"
#include "preload/record/live_blocks.h"
#include "preload/record/session.h"

namespace heapscribe::census {
namespace {

using record::BlockRecord;
using record::live_blocks;

template <typename Item>
Item* make_array(std::size_t count) {
  return static_cast<Item*>(platform::map_pages((count + 1) * sizeof(Item)));
}

// glibc's own note in front of a block.
bool has_own_mapping(std::uintptr_t block) {
  constexpr std::uint64_t kIsMapped = 2;
  return (*reinterpret_cast<const std::uint64_t*>(block - 8) & kIsMapped) != 0;
}

// Blocks of the pool that are in use: those with something beside them.
template <typename Visit>
void for_each_pool_block(Visit visit) {
  if (memory::range.bytes == 0 || memory::range.words == nullptr) return;
  const std::size_t units = memory::opened_units();
  for (std::size_t unit = 1; unit < units; ++unit) {
    const std::uint8_t c = memory::range.classes[unit].load(std::memory_order_relaxed);
    if (c == 0) continue;
    const auto visit_at = [&](std::uintptr_t block, std::size_t usable, std::uint64_t word) {
      if (word == 0) return;
      visit(
          Block{block, usable - (word & 0xFFFF'FFFFU), static_cast<wire::Ref>(word >> 32), false});
    };
    const std::uintptr_t base = memory::unit_address(static_cast<std::uint32_t>(unit));
    std::uint64_t* words = memory::range.words + unit * memory::kWordsPerUnit;
    if (c > memory::kClasses) {
      if (c == memory::kHuge)
        visit_at(base, memory::huge_usable_size(reinterpret_cast<void*>(base)), words[0]);
      continue;
    }
    const memory::ClassShape& shape = memory::kShapes[c];
    const std::size_t in_slab = (base - memory::range.base) & shape.slab_mask;
    if (in_slab != 0) continue;  // the slab was visited with its first unit
    for (std::uint32_t number = 0; number < shape.capacity; ++number) {
      visit_at(base + std::size_t{number} * shape.size, shape.size, words[number]);
    }
  }
}

template <typename Visit>
void for_each_small_block(Visit visit) {
  live_blocks.small_blocks().for_each([&](std::uintptr_t block, wire::Ref row,
                                          std::uint32_t slack) {
    const std::size_t usable = bootstrap::real.malloc_usable_size(reinterpret_cast<void*>(block));
    visit(Block{block, usable - slack, row, false});
  });
}

template <typename Visit>
void for_each_table_block(Visit visit) {
  const bool glibc = bootstrap::is_glibc_underneath();
  const record::LiveBlocks& blocks = live_blocks;
  blocks.table().for_each([&](std::uintptr_t block, const BlockRecord& record) {
    visit(Block{block, record.size, record.row, glibc && has_own_mapping(block)});
  });
}

bool by_address(const Block& left, const Block& right) {
  return left.address < right.address;
}

}  // namespace

// Just the number of its elements, in front of none.
bool BlockList::is_empty_array(const Block& block) {
  constexpr std::uint64_t kLargestCookie = 16;
  if (block.size != 8 && block.size != kLargestCookie) return false;
  const wire::CallKind kind = record::session.at<wire::SiteRow>(block.row)->kind;
  return kind == wire::CallKind::NewArray || kind == wire::CallKind::NewAligned;
}

bool BlockList::collect() {
  return gather() && make_index();
}

// Small blocks and those of the pool come in order, and the two do not mix; the others are sorted
// and merged in.
bool BlockList::gather() {
  std::size_t in_order = 0;
  std::size_t in_table = 0;
  for_each_small_block([&](const Block&) { ++in_order; });
  for_each_pool_block([&](const Block&) { ++in_order; });
  for_each_table_block([&](const Block&) { ++in_table; });
  const std::size_t all = in_order + in_table;
  if (all >= kWhole) return false;
  blocks_ = make_array<Block>(all);
  auto* table = make_array<Block>(in_table);
  if (blocks_ == nullptr || table == nullptr) return false;
  Block* ordered = blocks_ + in_table;
  Block* out = ordered;
  const auto keep = [&](const Block& block) { *out++ = block; };
  for_each_small_block(keep);
  for_each_pool_block(keep);
  if (!std::is_sorted(ordered, out, by_address)) std::sort(ordered, out, by_address);
  out = table;
  for_each_table_block(keep);
  std::sort(table, out, by_address);
  // What has been written never passes what is still to be read: both are `in_table` apart at
  // first.
  const Block* left = ordered;
  const Block* const left_end = ordered + in_order;
  const Block* right = table;
  const Block* const right_end = table + in_table;
  for (Block* to = blocks_; to != blocks_ + all; ++to) {
    const bool from_left = right == right_end || (left != left_end && by_address(*left, *right));
    *to = from_left ? *left++ : *right++;
  }
  platform::unmap_pages(table, (in_table + 1) * sizeof(Block));
  count_ = static_cast<std::uint32_t>(all);
  return true;
}

bool BlockList::make_index() {
  if (count_ == 0) return true;
  lowest_ = blocks_[0].address;
  const Block& last = blocks_[count_ - 1];
  end_ = last.address + last.size + 1;
  directory_ = make_array<std::uint32_t>(std::size_t{1} << (kAddressBits - kChunkBits));
  if (directory_ == nullptr || end_ >> kAddressBits != 0) return false;
  std::uint32_t tables = 0;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const Block& block = blocks_[i];
    const std::uintptr_t first = block.address >> kChunkBits;
    const std::uintptr_t final =
        (block.address + std::max<std::uint64_t>(block.size, 1) - 1) >> kChunkBits;
    for (std::uintptr_t chunk = first; chunk <= final; ++chunk) {
      if (chunk > first && chunk < final) {
        directory_[chunk] = kWhole | i;
      } else if (directory_[chunk] == 0) {
        directory_[chunk] = ++tables;
      }
    }
  }
  tables_ = make_array<std::uint32_t>(std::size_t{tables + 1} * (kPages + 1));
  if (tables_ == nullptr) return false;
  std::uint32_t next = 0;
  for (std::uintptr_t chunk = lowest_ >> kChunkBits; chunk <= (end_ - 1) >> kChunkBits; ++chunk) {
    const std::uint32_t entry = directory_[chunk];
    if (entry == 0 || (entry & kWhole) != 0) continue;
    fill_chunk(tables_ + std::size_t{entry} * (kPages + 1), chunk, next);
  }
  return true;
}

// `next` is the first block that begins in this chunk or later.
void BlockList::fill_chunk(std::uint32_t* pages, std::uintptr_t chunk, std::uint32_t& next) const {
  for (std::uint32_t page = 0; page <= kPages; ++page) {
    const std::uintptr_t begin = (chunk << kChunkBits) + (std::uintptr_t{page} << kPageBits);
    while (next < count_ && blocks_[next].address < begin) ++next;
    pages[page] = next;
  }
}

// The last block that begins at or before `word`; count_ and more if there is none.
std::uint32_t BlockList::search(std::uint32_t table, std::uintptr_t word) const {
  const std::uint32_t* pages = tables_ + std::size_t{table} * (kPages + 1);
  const std::uint32_t page = static_cast<std::uint32_t>(word >> kPageBits) & (kPages - 1);
  std::uint32_t begin = pages[page];
  std::uint32_t end = pages[page + 1];
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    if (blocks_[middle].address <= word) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin - 1;
}

}  // namespace heapscribe::census
