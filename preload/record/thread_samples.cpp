// ThreadRecorder in Mode::Sample. The word that the pool keeps beside a block tells how many blocks
// it stands for (sampling.h), and when it came: how many its thread had allocated by then.
#include <utility>

#include "preload/memory/pool.h"
#include "preload/record/counting.h"
#include "preload/record/live_blocks.h"
#include "preload/record/peak.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::record {

using wire::SiteRow;

// Samples: see sampling.h. The word that the pool keeps beside a block tells how many blocks it
// stands for, and when it came: how many this thread had allocated by then.

namespace {

constexpr unsigned kWeightBits = 40;

std::uintptr_t address(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block);
}

std::uint64_t pack_sample(std::uint64_t weight, std::uint64_t allocations) {
  return weight | (allocations << kWeightBits);
}

// Readers see the sum in one piece; the owner is the only writer.
void add(std::atomic<double>& sum, double amount) {
  sum.store(sum.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

double estimated_variance(std::uint64_t weight) {
  const auto value = static_cast<double>(weight);
  return value * value - value;
}

}  // namespace

// Only rows of the newest block are counted on in this mode; nullptr for the one that takes what
// finds no space.
wire::SampleRow* ThreadRecorder::sample_row(const SiteRow& row) const {
  const auto index = static_cast<std::size_t>(&row - rows_);
  if (&row < rows_ || index > mask_) return nullptr;
  return reinterpret_cast<wire::SampleRow*>(rows_ + mask_ + 1) + index;
}

void ThreadRecorder::sampled(SiteRow& site, void* block, std::size_t requested,
                             std::size_t usable) {
  const std::uint64_t weight = sampler_.take(requested);
  const std::uint64_t bytes = weight * requested;
  note_state_at_peak(site, session.header());
  add(site.allocations, weight);
  add(site.allocated_bytes, bytes);
  add(site.usable_bytes, weight * usable);
  if (site.kind == wire::CallKind::Realloc) add(site.reallocations, weight);
  note_size(site, requested);
  if (wire::SampleRow* beside = sample_row(site)) {
    const auto size = static_cast<double>(requested);
    add(beside->allocations_variance, estimated_variance(weight));
    add(beside->bytes_variance, estimated_variance(weight) * size * size);
  }
  add_at_once(table_->allocations, 1);
  add_at_once(table_->allocated_bytes, requested);
  add(table_->size_allocations[wire::size_bucket(requested)], weight);
  *memory::record_word(block) =
      pack_sample(weight, table_->allocations.load(std::memory_order_relaxed));
  if (!live_blocks.table().insert(address(block), {session.ref(&site), requested})) {
    lose(wire::Loss::UntrackedBlocks);
  }
  add_live_bytes(static_cast<std::int64_t>(bytes));
}

bool ThreadRecorder::is_sample(const void* block) {
  if (!memory::owns(block)) [[likely]]
    return false;
  const std::uint64_t* word = memory::record_word(block);
  return word != nullptr && *word != 0;
}

void ThreadRecorder::sample_released(void* block) {
  const std::uint64_t word = std::exchange(*memory::record_word(block), 0);
  const std::uint64_t weight = word & ((std::uint64_t{1} << kWeightBits) - 1);
  const BlockRecord record = live_blocks.table().take(address(block));
  add_at_once(table_->frees, 1);
  if (record.row == wire::kNoRef) return;
  const auto* origin = session.at<SiteRow>(record.row);
  SiteRow& row =
      *find_row(origin->key.load(std::memory_order_relaxed), origin->kind, nullptr, origin);
  const std::uint64_t bytes = weight * record.size;
  leave_mark(session.header());
  note_state_at_peak(row, session.header());
  add(row.frees, weight);
  add(row.freed_bytes, bytes);
  add(table_->freed_bytes, bytes);
  if (wire::SampleRow* beside = sample_row(row)) {
    const auto size = static_cast<double>(record.size);
    add(beside->frees_variance, estimated_variance(weight));
    add(beside->freed_bytes_variance, estimated_variance(weight) * size * size);
  }
  const bool same_thread = origin->table == table_ref_;
  if (same_thread &&
      word == pack_sample(weight, table_->allocations.load(std::memory_order_relaxed))) {
    add(row.temporary, weight);
    add(table_->temporary, weight);
  }
  add_live_bytes(-static_cast<std::int64_t>(bytes));
}

}  // namespace heapscribe::record
