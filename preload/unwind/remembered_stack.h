// A thread's last captured stack, and the proof of how much of it still stands.
//
// Between two allocations most of a stack stays as it is. A capture therefore looks, from the
// outermost frame inwards, how many of the remembered return addresses still stand where they
// stood; unwinds by rules from the innermost frame until it meets that intact part; and hashes only
// what is new.
//
// Why this is exact. How a frame is left depends on its pc and sp, sometimes on its bp, and on the
// words that its rule reads. Let frame i be remembered with (pc, slot, bp), where slot = sp - 8
// holds pc. If unwinding meets a frame at the same slot, and everything that frames 0..i read is
// unchanged, then its callers are the remembered ones, by induction from i outwards:
//  - the return addresses of 0..i-1 stand in their slots: the scan has looked;
//  - where some frame on the way needs bp, the words it was read from are kept as proofs and looked
//    at too; where frame i itself needs bp, it must be the same when they meet.
// Trusting the first frame that matches without looking at the outer ones is wrong: a call returned
// and another one was made in its place.
//
// What is read at another time than it was unwound must still be mapped: only what lies on the
// thread's own stack is reused, which is known once a walk from there has reached the stack's end.
// Nothing is reused across a signal frame or an exotic one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/frame.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {

// A stack, outermost frame first. Belongs to the RememberedStack it comes from, until the next
// capture.
struct Stack {
  const std::uintptr_t* frames = nullptr;
  const std::uint64_t* hashes = nullptr;  // hashes[i] is that of frames[0..i]; see stack_hash.h
  std::uint32_t count = 0;
  std::uint32_t layout = 0;
  bool truncated = false;  // outer frames are missing
  std::uint64_t hash = 0;  // of all frames and the layout; never 0
};

class RememberedStack {
 public:
  // Works in `bytes` of zeroed memory at `storage`, and in more from the kernel for deeper stacks.
  void use(void* storage, std::size_t bytes);

  // The calling thread is its owner from now on; `end` is where that thread's stack ends.
  void begin_thread(platform::StackEnd end);

  // The stack from `caller` outwards, by rules. `exotic` takes over where they do not suffice, if
  // given; otherwise the stack is truncated there.
  const Stack& capture(const Frame& caller, std::uint32_t layout, CaptureFunction exotic);

  // The stack as `capture` has it, less our own frames at its inner end.
  const Stack& capture_anew(CaptureFunction anew, std::uint32_t layout);

  // Whether a stack was seen that is not the thread's own: a coroutine's, or one for signals.
  bool has_left_own_stack() const { return has_left_own_stack_; }

  // How many frames of the last stack the next capture may find intact.
  std::uint32_t reusable_frames() const { return reusable_; }

 private:
  // A word that an inner frame's rule read to find the way on from it.
  struct Proof {
    std::uintptr_t address;
    std::uintptr_t value;
    std::uint32_t frame;
  };
  enum class End : std::uint8_t { Met, Outermost, ZeroReturn, Full, Exotic };

  std::uint32_t intact_frames(std::uintptr_t innermost_slot) const;
  bool joins(const Frame& frame, std::uint32_t count) const;
  End unwind(Frame frame, std::uint32_t intact);
  void join(std::uint32_t kept, std::uint64_t seed);
  void prove(std::uint32_t frame);
  void add_proof(std::uint32_t frame, std::uintptr_t address, std::uintptr_t value);
  void decide_what_to_reuse(std::uintptr_t innermost_slot, End end);
  const Stack& finish(std::uint32_t layout, bool truncated);
  void forget() { reusable_ = 0; }
  bool grow();
  void lay_out(char* storage, std::uint32_t capacity);

  // Frames [0, stack_.count), outermost first; while unwinding, the new ones are at the upper end.
  std::uintptr_t* pcs_;
  std::uintptr_t* slots_;
  std::uintptr_t* bps_;
  std::uint64_t* hashes_;
  Proof* proofs_;         // by frame, ascending
  std::uint32_t* rules_;  // packed; kNeedsBp
  std::uint32_t capacity_;
  std::uint32_t reusable_;  // so many of the frames may be looked at again
  std::uint32_t proof_count_;
  std::uint32_t new_begin_;  // while unwinding: the new frames are [new_begin_, capacity_)
  std::uint32_t met_;        // and the remembered ones that they were found to join
  std::uint32_t layout_;
  std::uint32_t generation_;
  bool crossed_signal_;
  bool has_left_own_stack_;
  std::uintptr_t zero_at_;     // where unwinding ended on a return address 0
  std::uintptr_t proven_low_;  // [proven_low_, end_.end] is the thread's own stack
  platform::StackEnd end_;
  Stack stack_;
  std::size_t mapped_;  // bytes of our own mapping; 0 = still in the first storage
};

}  // namespace heapscribe::unwind
