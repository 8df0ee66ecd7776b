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

constexpr std::uint64_t kBeyondAnyAllocator = PTRDIFF_MAX;

struct Caller {
  wire::Ref site;
  std::uint32_t thread;
  std::uint64_t requested;
};

void note(Breach& breach, const Caller& caller, std::uint64_t value) {
  BreachState state = BreachState::None;
  if (!breach.state.compare_exchange_strong(state, BreachState::Noting)) return;
  breach.thread = caller.thread;
  breach.site = caller.site;
  breach.ns = session.now();
  breach.ticks = clock_runs() ? ticks_now() : 0;
  breach.requested = caller.requested;
  breach.value = value;
  breach.state.store(BreachState::Noted, std::memory_order_release);
}

// Whether `value` passes the limit.
bool passes(BudgetLimit& limit, const Caller& caller, std::uint64_t value) {
  if (limit.limit == 0 || value <= limit.limit) return false;
  note(limit.breach, caller, value);
  return true;
}

BudgetLimit& limit_of(BudgetFigure figure) {
  return session.header().budget.limits[static_cast<std::size_t>(figure)];
}

}  // namespace

void begin_budget(std::uint64_t allocations, std::uint64_t bytes) {
  session.header().budget.allocations.store(allocations, std::memory_order_relaxed);
  session.header().budget.bytes.store(bytes, std::memory_order_relaxed);
}

void BudgetedCall::ask(const wire::SiteRow& site, std::uint32_t thread, std::uint64_t requested,
                       std::int64_t growth) {
  if (requested > kBeyondAnyAllocator) return;
  Budget& budget = session.header().budget;
  requested_ = requested;
  growth_ = growth > 0 ? growth : 0;
  const std::int64_t live = budget.under_way.fetch_add(growth_) + growth_ +
                            session.header().flushed_live_bytes.load(std::memory_order_relaxed);
  // What was made before recording began and is freed now can make it less than none.
  const std::uint64_t value[] = {live > 0 && growth > 0 ? static_cast<std::uint64_t>(live) : 0,
                                 budget.allocations.fetch_add(1) + 1,
                                 budget.bytes.fetch_add(requested) + requested};
  const Caller caller{session.ref(&site), thread, requested};
  bool passed = false;
  for (std::size_t figure = wire::kBudgetFigures; figure-- > 0;) {
    if (!passes(budget.limits[figure], caller, value[figure])) continue;
    passed = true;
    passed_ = static_cast<BudgetFigure>(figure);
  }
  answer_ = Answer::Granted;
  if (!passed) return;
  if (budget.action == BudgetAction::Abort) answer_ = Answer::Fatal;
  if (budget.action != BudgetAction::Refuse) return;
  answer_ = Answer::Refused;
  take_back();
}

void BudgetedCall::fail_or_end() const {
  if (answer_ == Answer::Fatal) std::abort();
  errno = ENOMEM;
}

void BudgetedCall::count_refusal() const {
  if (answer_ != Answer::Refused) return;
  limit_of(passed_).refused.fetch_add(1, std::memory_order_relaxed);
}

void BudgetedCall::settle(bool served) const {
  if (!served) return take_back();
  session.header().budget.under_way.fetch_sub(growth_);
}

void BudgetedCall::take_back() const {
  Budget& budget = session.header().budget;
  budget.under_way.fetch_sub(growth_);
  budget.allocations.fetch_sub(1);
  budget.bytes.fetch_sub(requested_);
}

}  // namespace heapscribe::record
