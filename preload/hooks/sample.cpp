#include "preload/hooks/sample.h"

#include <algorithm>
#include <bit>

#include "preload/platform/pages.h"

namespace heapscribe::hooks {
namespace {

// About odd alignments the allocator has its own opinion (EINVAL, rounding up).
void* allocate_from_pool(std::size_t bytes, std::size_t alignment, Contents contents) {
  constexpr std::size_t kUsualAlignment = 16;
  if (!std::has_single_bit(alignment) || alignment < sizeof(void*)) return nullptr;
  if (contents == Contents::WholePages) {
    if (bytes > PTRDIFF_MAX) return nullptr;
    bytes = platform::round_up(bytes, platform::kPageSize);
  }
  if (alignment > kUsualAlignment) return memory::allocate_aligned(alignment, bytes);
  return contents == Contents::Zeroed ? memory::allocate_zeroed(bytes) : memory::allocate(bytes);
}

}  // namespace

void* allocate_sample(std::size_t requested, std::size_t alignment, Contents contents,
                      wire::CallKind kind, const unwind::Frame& caller) {
  void* block = nullptr;
  with_recorder([&](record::ThreadRecorder& recorder) {
    if (!recorder.sample_is_due(requested)) return;  // the thread's first event
    block = allocate_from_pool(requested, alignment, contents);
    if (block == nullptr || memory::record_word(block) == nullptr) return;
    wire::SiteRow* site = recorder.site(kind, caller);
    recorder.sampled(*site, block, requested, memory::usable_size(block));
  });
  return block;
}

void release_sample(void* block) {
  with_recorder([&](record::ThreadRecorder& recorder) { recorder.sample_released(block); });
  *memory::record_word(block) = 0;  // also where a signal handler could not record it
  memory::release(block);
}

namespace {

void note_resize() {
  if (record::ThreadRecorder* recorder = bootstrap::thread_state.recorder) {
    recorder->resize_passed_by();
  }
}

// Neither the old block nor the new one is a sample.
void* resize_passed_by(void* block, std::size_t size) {
  void* moved = bootstrap::real.realloc(block, size);
  record::ThreadRecorder* recorder = bootstrap::thread_state.recorder;
  if (recorder == nullptr) return moved;
  if (moved == nullptr) {
    recorder->call_failed();
    return nullptr;
  }
  recorder->passed_by(size);
  recorder->release_passed_by();
  recorder->resize_passed_by();
  return moved;
}

}  // namespace

void* resize_sampled(void* block, std::size_t size, const unwind::Frame& caller) {
  const bool was_sample = is_sample(block);
  if (!was_sample && !sample_is_due(size)) return resize_passed_by(block, size);
  void* moved = allocate_sampled(size, 16, Contents::Any, wire::CallKind::Realloc, caller,
                                 [=] { return bootstrap::real.malloc(size); });
  if (moved == nullptr) return nullptr;
  const std::size_t old_size = was_sample ? memory::usable_size(block) : usable_size(block);
  std::memcpy(moved, block, std::min(old_size, size));
  release_sampled(block, [=] { bootstrap::real.free(block); });
  note_resize();
  return moved;
}

void* resize_unrecorded(void* block, std::size_t size) {
  if (!memory::owns(block)) return bootstrap::real.realloc(block, size);
  if (size == 0) {
    memory::release(block);
    return nullptr;
  }
  if (void* resized = memory::resize(block, size)) return resized;
  void* moved = bootstrap::real.malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(memory::usable_size(block), size));
  memory::release(block);
  return moved;
}

}  // namespace heapscribe::hooks
