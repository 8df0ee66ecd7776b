// One thread's heap: a magazine for each size class, and one in reserve.
//
// Heaps are never given back. One whose thread has ended is emptied by a thread that would
// otherwise need new memory, or taken over by a new thread; nothing of pthread's is needed to
// notice.
#pragma once

#include <cstdint>

#include "preload/memory/magazines.h"
#include "preload/memory/size_classes.h"
#include "preload/memory/statistics.h"

namespace heapscribe::memory {

// What an event touches: half a cache line. `top` is the last place in use of the current magazine,
// `full` its last place; the two are replaced in one instruction (see heap.cpp), since a signal
// handler may leave at any other.
struct alignas(32) ClassHeap {
  BlockWord* top;
  BlockWord* full;
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::uint64_t> requested_bytes;
};

// Place 0 counts the huge blocks.
struct Heap {
  ClassHeap classes[kClasses + 1];
  BlockWord* reserve[kClasses + 1];
  wire::PoolThread* counters;  // what is counted on the slow paths, and what the collector reads
  std::uint32_t number;
};

// Never nullptr: a thread that has none yet shares one that is empty and stays so.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local Heap* thread_heap;

// Where heaps get what they cannot know themselves. All of them may be called at any time.
struct Surroundings {
  void* (*shared_memory)(std::size_t bytes);  // zeroed, read by the collector; or nullptr
  std::uint32_t (*number_in_session)(const void* record);
  std::atomic<std::uint32_t>* (*first_thread)();
  std::uint32_t (*thread_id)();
};
void set_surroundings(const Surroundings& surroundings);

// The calling thread's own, made if need be; nullptr when there is no memory.
Heap* own_heap();

// Shows the collector what a heap has counted by now; or all of them, at the end of the process.
void publish(Heap& heap, unsigned size_class);
void publish_everything();

// The class's magazine is empty: brings blocks. False when there are none to be had.
bool refill(Heap& heap, unsigned size_class);
// The class's magazine is full: makes room. False when the block should go straight to its slab.
bool make_room(Heap& heap, unsigned size_class);

// The calling thread is the only one in a forked child.
void heaps_after_fork();
// Makes every page that tells heaps from each other forget on fork, however it is done.
bool prepare_heaps();

}  // namespace heapscribe::memory
