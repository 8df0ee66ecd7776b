#include "preload/record/budget.h"

#include <cerrno>
#include <cstdlib>

#include "preload/record/pauses.h"

namespace heapscribe::record {
namespace {

using wire::Breach;
using wire::BreachState;
using wire::Budget;
using wire::BudgetAction;
using wire::BudgetFigure;
using wire::BudgetLimit;

constexpr BudgetFigure kFigures[] = {BudgetFigure::Peak, BudgetFigure::Allocations,
                                     BudgetFigure::Bytes};

Budget& budget() {
  return session.header().budget;
}

BudgetLimit& limit_of(BudgetFigure figure) {
  return budget().limits[static_cast<std::size_t>(figure)];
}

std::atomic<std::int64_t>& value_of(BudgetFigure figure) {
  return budget().values[static_cast<std::size_t>(figure)];
}

bool passes(BudgetFigure figure, std::int64_t value) {
  const std::uint64_t limit = limit_of(figure).limit;
  return limit != 0 && value > 0 && static_cast<std::uint64_t>(value) > limit;
}

}  // namespace

void begin_budget(std::uint64_t allocations, std::uint64_t bytes, std::int64_t live_bytes) {
  value_of(BudgetFigure::Allocations) = static_cast<std::int64_t>(allocations);
  value_of(BudgetFigure::Bytes) = static_cast<std::int64_t>(bytes);
  value_of(BudgetFigure::Peak) = live_bytes;
}

void give_back_to_budget(std::uint64_t bytes) {
  value_of(BudgetFigure::Peak).fetch_sub(static_cast<std::int64_t>(bytes));
}

void BudgetedCall::ask(const wire::SiteRow& site, std::uint32_t thread, std::uint64_t requested,
                       std::uint64_t replaced, bool may_refuse) {
  // What no allocator can serve is left to it to refuse.
  if (requested > PTRDIFF_MAX || budget().is_ending.load(std::memory_order_relaxed) != 0) return;
  site_ = session.ref(&site);
  thread_ = thread;
  requested_ = static_cast<std::int64_t>(requested);
  growth_ = requested_ - static_cast<std::int64_t>(replaced);
  answer_ = Answer::Watched;
  if (budget().action == BudgetAction::Refuse && may_refuse) {
    answer_ = take() ? Answer::Taken : Answer::Refused;
  }
}

std::int64_t BudgetedCall::part(BudgetFigure figure) const {
  if (figure == BudgetFigure::Allocations) return 1;
  return figure == BudgetFigure::Bytes ? requested_ : growth_;
}

// All parts or none.
bool BudgetedCall::take() {
  for (const BudgetFigure figure : kFigures) {
    // What it gives back counts when it was given back.
    const std::int64_t more = part(figure) > 0 ? part(figure) : 0;
    std::int64_t now = value_of(figure).load(std::memory_order_relaxed);
    do {
      if (more == 0 || !passes(figure, now + more)) continue;
      note(figure, now + more);
      passed_ = figure;
      for (const BudgetFigure taken : kFigures) {
        if (taken == figure) break;
        if (part(taken) > 0) value_of(taken).fetch_sub(part(taken));
      }
      return false;
    } while (!value_of(figure).compare_exchange_weak(now, now + more));
  }
  return true;
}

// After the fact.
void BudgetedCall::watch() const {
  bool has_passed = false;
  for (const BudgetFigure figure : kFigures) {
    const std::int64_t value = value_of(figure).fetch_add(part(figure)) + part(figure);
    if (part(figure) <= 0 || !passes(figure, value)) continue;
    note(figure, value);
    has_passed = true;
  }
  if (!has_passed || budget().action != BudgetAction::Abort) return;
  // The program's handler may allocate as it likes.
  if (budget().is_ending.exchange(1) == 0) std::abort();
}

void BudgetedCall::settle(bool served) const {
  if (answer_ == Answer::Watched) {
    if (served) watch();
    return;
  }
  for (const BudgetFigure figure : kFigures) {
    if (part(figure) > 0 && !served) value_of(figure).fetch_sub(part(figure));
    if (part(figure) < 0 && served) value_of(figure).fetch_add(part(figure));
  }
}

void BudgetedCall::note(BudgetFigure figure, std::int64_t value) const {
  Breach& breach = limit_of(figure).breach;
  BreachState state = BreachState::None;
  if (!breach.state.compare_exchange_strong(state, BreachState::Noting)) return;
  breach.thread = thread_;
  breach.site = site_;
  breach.ns = session.now();
  breach.ticks = clock_runs() ? ticks_now() : 0;
  breach.requested = static_cast<std::uint64_t>(requested_);
  breach.value = static_cast<std::uint64_t>(value);
  breach.state.store(BreachState::Noted, std::memory_order_release);
}

void BudgetedCall::set_errno() {
  errno = ENOMEM;
}

void BudgetedCall::count_refusal() const {
  if (answer_ == Answer::Refused) limit_of(passed_).refused.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace heapscribe::record
