// Holds the program to the limits of wire/budget.h: every call that asks for memory is put to them
// before the allocator is, by its hook.
//
// The first call beyond a limit is noted, then comes the action. With several threads what others
// are just being served counts already, for a moment even twice: so Refuse never lets a limit be
// passed.
#pragma once

#include <cstdint>

#include "preload/record/session.h"

namespace heapscribe::record {

inline bool budget_is_set() {
  return session.header().budget.is_set != 0;
}

// What was counted before the hooks could ask. Before a second thread exists.
void begin_budget(std::uint64_t allocations, std::uint64_t bytes);

// One call, from before the allocator is asked until its block is recorded.
class BudgetedCall {
 public:
  // `growth`: by how many bytes the live heap will be larger, or smaller.
  void ask(const wire::SiteRow& site, std::uint32_t thread, std::uint64_t requested,
           std::int64_t growth);
  // Not within a RecordingScope: ends the program if that is the action. False: the call is to
  // fail, and errno says why.
  bool may_go_on() const {
    if (answer_ <= Answer::Granted) [[likely]]
      return true;
    fail_or_end();
    return false;
  }
  void done(bool served) {
    if (answer_ == Answer::Granted) [[unlikely]]
      settle(served);
  }
  // If the call was refused, and nobody tries again for the same request.
  void count_refusal() const;

 private:
  enum class Answer : std::uint8_t { NotAsked, Granted, Refused, Fatal };

  void fail_or_end() const;
  void settle(bool served) const;
  void take_back() const;

  Answer answer_ = Answer::NotAsked;
  wire::BudgetFigure passed_{};  // if it was refused
  std::uint64_t requested_ = 0;
  std::int64_t growth_ = 0;
};

}  // namespace heapscribe::record
