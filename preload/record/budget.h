// Holds the program to the limits of wire/budget.h: every call that asks for memory is put to them
// by its hook, and every release tells what it gives back.
//
// The figures have one word each for all threads. With Refuse a call takes its part of them before
// the allocator is asked, if all parts fit, so that no limit is ever passed; otherwise what was
// served counts, and the first call that passes a limit is noted.
#pragma once

#include <cstdint>

#include "preload/record/session.h"

namespace heapscribe::record {

inline bool budget_is_set() {
  return session.header().budget.is_set != 0;
}

// What was counted before the hooks could ask. Before a second thread exists.
void begin_budget(std::uint64_t allocations, std::uint64_t bytes, std::int64_t live_bytes);

void give_back_to_budget(std::uint64_t bytes);

// One call, from before the allocator is asked until its block is recorded.
class BudgetedCall {
 public:
  // `replaced`: what it gives back if it is served. `may_refuse`: false if it was served already.
  void ask(const wire::SiteRow& site, std::uint32_t thread, std::uint64_t requested,
           std::uint64_t replaced, bool may_refuse = true);
  // False: the call is to fail, and errno says why.
  bool may_go_on() const {
    if (answer_ != Answer::Refused) [[likely]]
      return true;
    set_errno();
    return false;
  }
  // Not within a RecordingScope: ends the program if that is the action.
  void done(bool served) const {
    if (answer_ >= Answer::Taken) [[unlikely]]
      settle(served);
  }
  // If the call was refused, and nobody tries again for the same request.
  void count_refusal() const;

 private:
  enum class Answer : std::uint8_t { NotAsked, Refused, Taken, Watched };

  static void set_errno();
  void settle(bool served) const;
  bool take();
  void watch() const;
  void note(wire::BudgetFigure figure, std::int64_t value) const;
  // What the call adds to a figure.
  std::int64_t part(wire::BudgetFigure figure) const;

  Answer answer_ = Answer::NotAsked;
  wire::BudgetFigure passed_{};  // if it was refused
  wire::Ref site_ = wire::kNoRef;
  std::uint32_t thread_ = 0;
  std::int64_t requested_ = 0, growth_ = 0;
};

}  // namespace heapscribe::record
