#include "analyzer/reports/budget.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "analyzer/reports/toml_file.h"

namespace heapscribe::reports {
namespace {

constexpr double kHundred = 100;

struct Suffix {
  std::string_view name;
  double factor;
};
constexpr std::array<Suffix, 8> kSizes = {{{"", 1},
                                           {"B", 1},
                                           {"KiB", 1024},
                                           {"MiB", 1024.0 * 1024},
                                           {"GiB", 1024.0 * 1024 * 1024},
                                           {"kB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9}}};
constexpr std::array<Suffix, 1> kCounts = {{{"", 1}}};
constexpr std::array<Suffix, 1> kShares = {{{"%", 1 / kHundred}}};

std::span<const Suffix> suffixes_of(Figure figure) {
  if (figure == Figure::Temporary) return kShares;
  if (counts_bytes(figure)) return kSizes;
  return kCounts;
}

const char* example_of(Figure figure) {
  if (figure == Figure::Temporary) return "\"25%\"";
  return counts_bytes(figure) ? "\"64 MiB\" or 65536" : "1000";
}

// "64 MiB" with one of the suffixes.
std::optional<double> amount_in(std::string_view text, std::span<const Suffix> suffixes) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kMost = 1e18;
  if (error != std::errc{} || !(number >= 0 && number <= kMost)) return std::nullopt;
  std::string_view suffix(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  suffix.remove_prefix(std::min(suffix.find_first_not_of(' '), suffix.size()));
  const auto found = std::find_if(suffixes.begin(), suffixes.end(),
                                  [&](const Suffix& known) { return known.name == suffix; });
  return found == suffixes.end() ? std::nullopt : std::optional(number * found->factor);
}

class BudgetFile {
 public:
  explicit BudgetFile(const std::string& path) : path_(path) {}

  std::vector<Budget> read() const {
    const toml::table file = read_toml(path_);
    std::vector<Budget> budgets(1);
    for (const auto& [key, node] : file) {
      if (const toml::table* table = node.as_table()) {
        Budget budget{std::string(key.str()), {}, {}};
        for (const auto& [name, value] : *table) read_line(name.str(), value, budget);
        if (budget.limits.empty()) {
          refuse(path_, line_of(node), fmt::format("[{}] limits nothing", key.str()));
        }
        budgets.push_back(std::move(budget));
      } else {
        read_line(key.str(), node, budgets.front());
      }
    }
    if (budgets.front().limits.empty()) {
      if (budgets.front().scope != Scope{}) {
        refuse(path_, 1, "a scope stands before the first table, and no limit");
      }
      budgets.erase(budgets.begin());
    }
    if (budgets.empty()) throw std::runtime_error("'" + path_ + "' limits nothing");
    return budgets;
  }

 private:
  void read_line(std::string_view key, const toml::node& node, Budget& budget) const {
    const auto* scope = std::find_if(kScopeKeys.begin(), kScopeKeys.end(),
                                     [&](const ScopeKey& known) { return key == known.name; });
    if (scope != kScopeKeys.end()) {
      scope->text(budget.scope) = string_of(node, path_, key);
    } else if (const auto figure = figure_named(key)) {
      budget.limits.push_back({*figure, limit_of(*figure, key, node), line_of(node)});
    } else {
      refuse(
          path_, line_of(node),
          fmt::format("'{}' is neither a figure (allocations, bytes, peak, leaks, temporary) nor "
                      "a scope ({})",
                      key, names_of_scopes()));
    }
  }

  double limit_of(Figure figure, std::string_view key, const toml::node& node) const {
    const auto text = node.value_exact<std::string>();
    const auto amount = text || node.is_integer()
                            ? amount_in(text.value_or(reports::text_of(node)), suffixes_of(figure))
                            : std::nullopt;
    if (amount) return *amount;
    refuse(path_, line_of(node),
           fmt::format("{} = {} is no limit such as {}", key, reports::text_of(node),
                       example_of(figure)));
  }

  const std::string& path_;
};

double amount_of(Figure figure, const Usage& usage) {
  const auto amount = static_cast<double>(usage.total.value[figure]);
  if (figure != Figure::Temporary) return amount;
  const auto all = static_cast<double>(usage.total.value[Figure::Allocations]);
  return all > 0 ? amount / all : 0;
}

}  // namespace

std::vector<Budget> read_budgets(const std::string& path) {
  return BudgetFile(path).read();
}

std::vector<LimitCheck> check_budget(const Budget& budget, const Usage& usage) {
  std::vector<LimitCheck> checks;
  for (const Limit& limit : budget.limits) {
    expect_known(usage, limit.figure, budget.scope);
    checks.push_back({budget.name, limit.figure, amount_of(limit.figure, usage), limit.value,
                      limit.line, largest_path(usage, limit.figure)});
  }
  return checks;
}

}  // namespace heapscribe::reports
