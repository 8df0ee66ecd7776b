// The library's side of the session mapping: finding it, and taking space from it.
#pragma once

#include <cstddef>

#include "preload/wire/session.h"

namespace heapscribe::record {

class Session {
 public:
  // Maps the session file, checks that the collector has prepared it, closes the descriptor and
  // says hello. Returns a reason (static text) on failure, nullptr on success.
  const char* open(const char* path);

  wire::SessionHeader& header() const { return *header_; }

  // Zeroed space that stays for the whole run; nullptr when the session is full. Lock-free; asks
  // the kernel for storage only when the collector has not provided enough ahead of time.
  void* allocate(std::size_t bytes, std::size_t alignment = 64);

  bool is_open() const { return base_ != nullptr; }

  // The target is about to restrict its system calls: from now on space comes from the collector.
  void avoid_system_calls() { restricted_.store(true, std::memory_order_relaxed); }
  bool is_restricted() const {
    return restricted_.load(std::memory_order_relaxed) ||
           header_->restricted.load(std::memory_order_relaxed) != 0;
  }

  template <typename Record>
  Record* at(wire::Ref ref) const {
    return reinterpret_cast<Record*>(base_ + std::size_t{ref} * wire::kUnit);
  }
  wire::Ref ref(const void* record) const {
    return static_cast<wire::Ref>(
        static_cast<std::size_t>(static_cast<const char*>(record) - base_) / wire::kUnit);
  }

  void lose(wire::Loss loss, std::uint64_t events = 1) const {
    header_->losses[static_cast<std::size_t>(loss)].fetch_add(events, std::memory_order_relaxed);
  }

  // Session time in ns: read from the mapping, as fresh as the collector's last tick.
  std::uint64_t now() const { return header_->now_ns.load(std::memory_order_relaxed); }

  // Publishes a record whose first member is `Ref next` at the head of a list.
  template <typename Record>
  void push(std::atomic<wire::Ref>& head, Record* record) const {
    wire::Ref first = head.load(std::memory_order_relaxed);
    do {
      record->next = first;
    } while (!head.compare_exchange_weak(first, ref(record), std::memory_order_release,
                                         std::memory_order_relaxed));
  }

 private:
  bool commit(std::uint64_t end) const;
  bool wait_for_collector(std::uint64_t end) const;

  wire::SessionHeader* header_ = nullptr;
  char* base_ = nullptr;
  std::uint64_t mapped_ = 0;
  std::atomic<bool> restricted_{false};
};

extern constinit Session session;

}  // namespace heapscribe::record
