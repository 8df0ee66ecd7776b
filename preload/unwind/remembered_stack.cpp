#include "preload/unwind/remembered_stack.h"

#include <algorithm>
#include <cstring>

#include "preload/platform/keep_errno.h"
#include "preload/platform/own_code.h"
#include "preload/platform/pages.h"
#include "preload/unwind/frame_step.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/stack_hash.h"

namespace heapscribe::unwind {
namespace {

constexpr std::uint32_t kMaxFrames = std::uint32_t{1} << 22;
constexpr std::uint32_t kNeedsBp = std::uint32_t{1} << 31;  // beside a packed rule
constexpr std::uint32_t kUnprovable = std::uint32_t{1} << 30;
// A frame larger than that might be a switch to another stack.
constexpr std::uintptr_t kLargestReused = std::uintptr_t{1} << 20;
constexpr std::size_t kBytesPerFrame = 4 * sizeof(std::uint64_t) + sizeof(std::uint32_t);

// True if the frame is left by way of its bp.
bool uses_bp(RuleKind kind) {
  return kind == RuleKind::FromBp || kind == RuleKind::Realigned || kind == RuleKind::None;
}

}  // namespace

void RememberedStack::use(void* storage, std::size_t bytes) {
  lay_out(static_cast<char*>(storage),
          static_cast<std::uint32_t>(bytes / (kBytesPerFrame + sizeof(Proof))));
}

void RememberedStack::lay_out(char* storage, std::uint32_t capacity) {
  const auto take = [&storage, capacity](auto*& array) {
    array = reinterpret_cast<std::remove_reference_t<decltype(array)>>(storage);
    storage += capacity * sizeof *array;
  };
  take(pcs_);
  take(slots_);
  take(bps_);
  take(hashes_);
  take(proofs_);
  take(rules_);
  capacity_ = capacity;
}

void RememberedStack::begin_thread(platform::StackEnd end) {
  forget();
  end_ = end;
  has_left_own_stack_ = false;
  proven_low_ = ~std::uintptr_t{0};
}

const Stack& RememberedStack::capture(const Frame& caller, std::uint32_t layout,
                                      CaptureFunction exotic) {
  const std::uint32_t generation = rules_generation.load(std::memory_order_relaxed);
  if (layout != layout_ || generation != generation_) [[unlikely]] {
    layout_ = layout;
    generation_ = generation;
    forget();
  }
  const std::uint32_t intact = intact_frames(caller.slot());
  if (intact != 0 && intact == stack_.count && joins(caller, intact)) return stack_;
  const End end = unwind(caller, intact);
  if (end == End::Exotic && exotic != nullptr) [[unlikely]]
    return capture_anew(exotic, layout);
  const bool truncated = end == End::Full || end == End::Exotic;
  join(end == End::Met ? met_ : 0, hash_seed(layout, truncated));
  if (end == End::Met) [[likely]] {
    if (reusable_ >= stack_.count) {
      // What is proven was met from further in: so much more of the stack is the thread's own.
      proven_low_ = std::min(proven_low_, caller.slot());
      reusable_ = stack_.count;
    }
  } else {
    decide_what_to_reuse(caller.slot(), end);
  }
  return finish(layout, truncated);
}

// How many remembered frames, from the outermost inwards, stand as they stood.
std::uint32_t RememberedStack::intact_frames(std::uintptr_t innermost_slot) const {
  std::uint32_t count = reusable_;
  while (count > 0 && slots_[count - 1] < innermost_slot) --count;
  std::uint32_t intact = 0;
  for (; intact + 4 <= count; intact += 4) {
    const std::uintptr_t difference = (load(slots_[intact]) ^ pcs_[intact]) |
                                      (load(slots_[intact + 1]) ^ pcs_[intact + 1]) |
                                      (load(slots_[intact + 2]) ^ pcs_[intact + 2]) |
                                      (load(slots_[intact + 3]) ^ pcs_[intact + 3]);
    if (difference != 0) break;
  }
  while (intact < count && load(slots_[intact]) == pcs_[intact]) ++intact;
  for (const Proof *proof = proofs_, *end = proofs_ + proof_count_;
       proof < end && proof->frame < intact; ++proof) {
    if (load(proof->address) != proof->value) intact = proof->frame;
  }
  return intact;
}

// True if `frame` is the innermost of the first `count` remembered ones.
inline bool RememberedStack::joins(const Frame& frame, std::uint32_t count) const {
  const std::uint32_t last = count - 1;
  if (slots_[last] != frame.slot()) return false;
  return (rules_[last] & kNeedsBp) == 0 || bps_[last] == frame.bp;
}

RememberedStack::End RememberedStack::unwind(Frame frame, std::uint32_t intact) {
  new_begin_ = capacity_;
  crossed_signal_ = false;
  std::uintptr_t interrupted = 0;
  for (;;) {
    const std::uintptr_t slot = frame.slot();
    while (intact > 0 && slots_[intact - 1] < slot) --intact;
    if (intact > 0 && !crossed_signal_ && joins(frame, intact)) {
      met_ = intact;
      return End::Met;
    }
    if (new_begin_ == intact && !grow()) [[unlikely]]
      return End::Full;
    const std::uint32_t at = --new_begin_;
    const FrameRule rule = rule_for_return_address(frame.pc + interrupted);
    pcs_[at] = frame.pc;
    slots_[at] = slot;
    bps_[at] = frame.bp;
    rules_[at] = rule.packs() ? rule.packed() : static_cast<std::uint32_t>(rule.kind) | kUnprovable;
    const Step step = leave_frame(rule, frame);
    if (step == Step::Next) [[likely]] {
      interrupted = 0;
    } else if (step == Step::Interrupted) {
      interrupted = 1;
      crossed_signal_ = true;
    } else if (step == Step::Exotic) {
      return End::Exotic;
    } else {
      zero_at_ = frame.sp - 8;
      return frame.pc == 0 ? End::ZeroReturn : End::Outermost;
    }
  }
}

// Puts the new frames behind the first `kept` remembered ones.
void RememberedStack::join(std::uint32_t kept, std::uint64_t seed) {
  while (proof_count_ > 0 && proofs_[proof_count_ - 1].frame >= kept) --proof_count_;
  reusable_ = kMaxFrames;  // until a proof says otherwise
  std::uint64_t hash = kept > 0 ? hashes_[kept - 1] : seed;
  std::uint32_t to = kept;
  for (std::uint32_t from = new_begin_; from < capacity_; ++from, ++to) {
    hash = mix(hash, pcs_[from]);
    hashes_[to] = hash;
    pcs_[to] = pcs_[from];
    slots_[to] = slots_[from];
    bps_[to] = bps_[from];
    rules_[to] = rules_[from];
    prove(to);
  }
  stack_.count = to;
  stack_.hash = hash != 0 ? hash : 1;
}

// Notes what leaving `frame` depended on; all frames further out have been proven.
void RememberedStack::prove(std::uint32_t frame) {
  const std::uint32_t packed = rules_[frame];
  const FrameRule rule = FrameRule::unpacked(packed);
  const bool caller_needs_bp = frame > 0 && (rules_[frame - 1] & kNeedsBp) != 0;
  const bool saves_bp =
      rule.bp_slot != 0 || !(rule.kind == RuleKind::FromSp || rule.kind == RuleKind::FromBp);
  if (uses_bp(rule.kind) || (caller_needs_bp && !saves_bp)) rules_[frame] = packed | kNeedsBp;
  const bool gigantic = frame > 0 && slots_[frame - 1] - slots_[frame] > kLargestReused;
  if ((packed & kUnprovable) != 0 || gigantic) reusable_ = std::min(reusable_, frame);
  if (rule.kind == RuleKind::Realigned) {
    if (frame == 0) return void(reusable_ = 0);
    add_proof(frame, bps_[frame] - static_cast<std::uintptr_t>(rule.offset), slots_[frame - 1] + 8);
    if (caller_needs_bp) add_proof(frame, bps_[frame], bps_[frame - 1]);
  } else if (caller_needs_bp && saves_bp) {
    const std::uintptr_t below = rule.kind == RuleKind::None ? 1 : rule.bp_slot;
    add_proof(frame, slots_[frame - 1] - 8 * below, bps_[frame - 1]);
  }
}

void RememberedStack::add_proof(std::uint32_t frame, std::uintptr_t address, std::uintptr_t value) {
  if (proof_count_ == capacity_) return void(reusable_ = std::min(reusable_, frame));
  proofs_[proof_count_++] = {address, value, frame};
}

void RememberedStack::decide_what_to_reuse(std::uintptr_t innermost_slot, End end) {
  const std::uint32_t provable = std::min(reusable_, stack_.count);
  reusable_ = 0;
  if (crossed_signal_ || stack_.count == 0) return;
  if (end != End::Outermost && end != End::ZeroReturn) return;
  if (end_.contains(slots_[0])) {
    proven_low_ = std::min(proven_low_, innermost_slot);
  } else {
    has_left_own_stack_ = true;
  }
  if (innermost_slot < proven_low_ || slots_[0] > end_.end) return;
  reusable_ = provable;
  if (end == End::Outermost) return;
  // The 0 that ended the walk is the first thing to look at again.
  if (proof_count_ == capacity_ || zero_at_ > end_.end) return forget();
  std::memmove(proofs_ + 1, proofs_, proof_count_ * sizeof(Proof));
  proofs_[0] = {zero_at_, 0, 0};
  ++proof_count_;
}

const Stack& RememberedStack::capture_anew(CaptureFunction anew, std::uint32_t layout) {
  const platform::KeepErrno keep;
  forget();
  proof_count_ = 0;
  std::uint32_t count = anew(pcs_, capacity_);
  new_begin_ = capacity_;
  while (count == capacity_ && grow()) {
    count = anew(pcs_, capacity_);
    new_begin_ = capacity_;
  }
  const bool truncated = count == capacity_;
  std::uint32_t own = 0;
  while (own < count && platform::is_own_code(pcs_[own])) ++own;
  std::reverse(pcs_ + own, pcs_ + count);
  std::memmove(pcs_, pcs_ + own, (count - own) * sizeof *pcs_);
  std::uint64_t hash = hash_seed(layout, truncated);
  for (std::uint32_t i = 0; i < count - own; ++i) hashes_[i] = hash = mix(hash, pcs_[i]);
  stack_.count = count - own;
  stack_.hash = hash != 0 ? hash : 1;
  return finish(layout, truncated);
}

const Stack& RememberedStack::finish(std::uint32_t layout, bool truncated) {
  stack_.frames = pcs_;
  stack_.hashes = hashes_;
  stack_.layout = layout;
  stack_.truncated = truncated;
  return stack_;
}

// Room for four times as many frames; keeps what is there, and the new frames at the upper end.
bool RememberedStack::grow() {
  if (capacity_ >= kMaxFrames) return false;
  const RememberedStack before = *this;
  const std::uint32_t capacity = capacity_ * 4;
  const std::size_t bytes = capacity * (kBytesPerFrame + sizeof(Proof));
  auto* storage = static_cast<char*>(platform::map_pages(bytes));
  if (storage == nullptr) return false;
  lay_out(storage, capacity);
  const std::uint32_t fresh = before.capacity_ - before.new_begin_;
  new_begin_ = capacity - fresh;
  const auto copy = [&](const auto* from, auto* to) {
    std::memcpy(to, from, std::size_t{before.new_begin_} * sizeof *to);
    std::memcpy(to + new_begin_, from + before.new_begin_, std::size_t{fresh} * sizeof *to);
  };
  copy(before.pcs_, pcs_);
  copy(before.slots_, slots_);
  copy(before.bps_, bps_);
  copy(before.rules_, rules_);
  std::memcpy(hashes_, before.hashes_, std::size_t{before.capacity_} * sizeof *hashes_);
  std::memcpy(proofs_, before.proofs_, std::size_t{before.proof_count_} * sizeof *proofs_);
  if (mapped_ != 0) platform::unmap_pages(before.pcs_, mapped_);
  mapped_ = bytes;
  return true;
}

}  // namespace heapscribe::unwind
