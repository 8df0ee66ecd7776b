#include "analyzer/cli/budget_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>

#include "analyzer/cli/recording_options.h"

namespace heapscribe::cli {
namespace {

using wire::BudgetFigure;

template <typename Texts>
std::size_t place_in(const Texts& texts, std::string_view wanted) {
  const auto found = std::find(std::begin(texts), std::end(texts), wanted);
  return static_cast<std::size_t>(std::distance(std::begin(texts), found));
}

[[noreturn]] void refuse(const std::string& given) {
  throw std::runtime_error(fmt::format(
      "'{}' is no budget; write 100MiB, peak=100MiB, bytes=2GiB or allocations=1000", given));
}

std::uint64_t number_of(std::string text, BudgetFigure figure, const std::string& given) {
  if (figure != BudgetFigure::Allocations && !to_bytes(text).empty()) refuse(given);
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number == 0) refuse(given);
  return number;
}

void apply(const std::string& given, wire::Budget& budget) {
  const std::size_t equals = given.find('=');
  const bool named = equals != std::string::npos;
  const std::size_t figure =
      named ? place_in(wire::kBudgetFigureNames, given.substr(0, equals)) : 0;
  if (figure == wire::kBudgetFigures) refuse(given);
  wire::BudgetLimit& limit = budget.limits[figure];
  if (limit.limit != 0) {
    throw std::runtime_error(fmt::format("--budget '{}' is a second limit for {}", given,
                                         wire::kBudgetFigureNames[figure]));
  }
  limit.limit =
      number_of(named ? given.substr(equals + 1) : given, static_cast<BudgetFigure>(figure), given);
  budget.is_set = 1;
}

}  // namespace

void BudgetOption::add_to(CLI::App& command) {
  command
      .add_option("--budget", given,
                  "what the program may have: 100MiB or peak=100MiB (alive at once), "
                  "bytes=2GiB, allocations=1000 (in all); more than one with commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIMIT")
      ->envname("HEAPSCRIBE_BUDGET");
  command
      .add_option("--budget-action", action,
                  "when it wants more: log = say so; snapshot = take one, too; abort = end it with "
                  "a core; enomem = the call fails as if memory had run out")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(wire::kBudgetActionNames),
                                                     std::end(wire::kBudgetActionNames))))
      ->envname("HEAPSCRIBE_BUDGET_ACTION")
      ->capture_default_str();
}

void BudgetOption::apply_to(wire::Budget& budget) const {
  budget.action = static_cast<wire::BudgetAction>(place_in(wire::kBudgetActionNames, action));
  for (const std::string& limit : given) apply(limit, budget);
}

}  // namespace heapscribe::cli
