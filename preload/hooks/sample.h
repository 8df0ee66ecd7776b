// Mode::Sample in the hooks. Nearly every call is passed by: counted and handed to the allocator.
// What is recorded is served by the pool, so that its release is known by its address.
#pragma once

#include <cstring>

#include "preload/hooks/record.h"
#include "preload/memory/pool.h"

namespace heapscribe::hooks {

enum class Contents : std::uint8_t { Any, Zeroed, WholePages };

inline bool is_sampling() {
  return bootstrap::phase() == bootstrap::Phase::Sampling;
}

// A recorded block from the pool; nullptr if that is not possible now.
void* allocate_sample(std::size_t requested, std::size_t alignment, Contents contents,
                      wire::CallKind kind, const unwind::Frame& caller);

// The block is a sample.
void release_sample(void* block);

inline bool is_sample(const void* block) {
  return record::ThreadRecorder::is_sample(block);
}

// True if this allocation is to be recorded, or if nobody can tell yet.
[[gnu::always_inline]] inline bool sample_is_due(std::size_t requested) {
  const record::ThreadRecorder* recorder = bootstrap::thread_state.recorder;
  return recorder == nullptr || recorder->sample_is_due(requested);
}

// Serves an allocation: as a sample if it is due, else by `call`.
template <typename Call>
[[gnu::always_inline]] inline void* allocate_sampled(std::size_t requested, std::size_t alignment,
                                                     Contents contents, wire::CallKind kind,
                                                     const unwind::Frame& caller, Call call) {
  if (sample_is_due(requested)) [[unlikely]] {
    if (void* block = allocate_sample(requested, alignment, contents, kind, caller)) return block;
  }
  void* block = call();
  record::ThreadRecorder* recorder = bootstrap::thread_state.recorder;
  if (recorder == nullptr) return block;
  if (block != nullptr) [[likely]] {
    recorder->passed_by(requested);
  } else {
    recorder->call_failed();
  }
  return block;
}

// Releases a block: as a sample if it is one, else by `give_back`.
template <typename GiveBack>
[[gnu::always_inline]] inline void release_sampled(void* block, GiveBack give_back) {
  if (is_sample(block)) [[unlikely]]
    return release_sample(block);
  if (record::ThreadRecorder* recorder = bootstrap::thread_state.recorder) {
    recorder->release_passed_by();
  }
  give_back();
}

// realloc of a block, to another size than 0.
void* resize_sampled(void* block, std::size_t size, const unwind::Frame& caller);

// A forked child samples no more, and still holds its parent's samples. The allocator underneath
// does not know them, so wherever a process does not record, a block is the pool's if it lies
// there.
template <typename GiveBack>
[[gnu::always_inline]] inline void release_unrecorded(void* block, GiveBack give_back) {
  if (memory::owns(block)) return memory::release(block);
  give_back();
}
void* resize_unrecorded(void* block, std::size_t size);

}  // namespace heapscribe::hooks
