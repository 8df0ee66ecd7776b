// Lock-free stack of records that are named by numbers other than 0. A tag that changes with every
// operation keeps a late compare-and-swap from succeeding on a head that left and came back.
//
// `Link` finds a record's link: std::atomic<std::uint32_t>& link(std::uint32_t number). Records may
// be popped by others at any time, so links must stay readable for ever.
#pragma once

#include <atomic>
#include <cstdint>

namespace heapscribe::memory {

template <typename Link>
class TaggedStack {
 public:
  void push(std::uint32_t number) { push_chain(number, number); }

  // Puts the records first..last, linked already, on top.
  void push_chain(std::uint32_t first, std::uint32_t last) {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    do {
      Link::of(last).store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
    } while (!head_.compare_exchange_weak(head, successor(head, first), std::memory_order_release,
                                          std::memory_order_relaxed));
  }

  // 0 when empty.
  std::uint32_t pop() {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (static_cast<std::uint32_t>(head) != 0) {
      const auto number = static_cast<std::uint32_t>(head);
      const std::uint32_t below = Link::of(number).load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, successor(head, below), std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        return number;
      }
    }
    return 0;
  }

  // The whole stack, as a list for the caller alone.
  std::uint32_t take_all() {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (static_cast<std::uint32_t>(head) != 0 &&
           !head_.compare_exchange_weak(head, successor(head, 0), std::memory_order_acquire,
                                        std::memory_order_acquire)) {
    }
    return static_cast<std::uint32_t>(head);
  }

  bool is_empty() const {
    return static_cast<std::uint32_t>(head_.load(std::memory_order_relaxed)) == 0;
  }

 private:
  static std::uint64_t successor(std::uint64_t head, std::uint32_t number) {
    return (((head >> 32) + 1) << 32) | number;
  }

  std::atomic<std::uint64_t> head_{0};
};

}  // namespace heapscribe::memory
