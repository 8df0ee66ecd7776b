#include "analyzer/reports/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "analyzer/reports/branches.h"
#include "analyzer/reports/toml_file.h"

namespace heapscribe::reports {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::int64_t kSpreads = 2;
constexpr double kHundred = 100;
constexpr double kMostPercent = 10'000;
constexpr std::int64_t kMostFigure = std::int64_t{1} << 60;  // sums of them do not overflow

constexpr char kIntroduction[] =
    "# What `heapscribe check` compares runs with; `heapscribe check --update` rewrites it.\n"
    "# A figure is exact, or has a tolerance: 1000, \"1000 + 5\", \"1000 + 2%\".\n";

constexpr char kAboutBranches[] =
    "\n# What is below a call on paths with a tolerance or on new ones: the runs differed in which "
    "of\n"
    "# these they took, and not in how much it was.\n"
    "[branches]\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  text = trimmed(text);
  Number number{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && rest == text.data() + text.size() && !text.empty();
  return whole && number >= 0 && number <= static_cast<Number>(kMostFigure) ? std::optional(number)
                                                                            : std::nullopt;
}

// "5", "2%"
std::optional<Tolerance> tolerance_in(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && text.back() == '%') {
    const auto percent = number_in<double>(text.substr(0, text.size() - 1));
    return percent && *percent <= kMostPercent ? std::optional(Tolerance{0, *percent / kHundred})
                                               : std::nullopt;
  }
  const auto absolute = number_in<std::int64_t>(text);
  return absolute ? std::optional(Tolerance{*absolute, 0}) : std::nullopt;
}

// "1000", "1000 + 5"
std::optional<Expected> expected_in(std::string_view text) {
  const std::size_t plus = text.find('+');
  const auto value = number_in<std::int64_t>(text.substr(0, plus));
  const auto tolerance =
      plus == std::string_view::npos ? Tolerance{} : tolerance_in(text.substr(plus + 1));
  if (!value || !tolerance) return std::nullopt;
  return Expected{*value, *tolerance, 0};
}

std::string tolerance_text(const Tolerance& tolerance) {
  return tolerance.share > 0 ? fmt::format("{:g}%", tolerance.share * kHundred)
                             : fmt::format("{}", tolerance.absolute);
}

std::string expected_text(const Expected& expected) {
  if (expected.tolerance.is_none()) return fmt::format("{}", expected.value);
  return fmt::format("\"{} + {}\"", expected.value, tolerance_text(expected.tolerance));
}

// Reads one file, and knows what to say when it is wrong.
class BaselineFile {
 public:
  explicit BaselineFile(const std::string& path) : path_(path) {}

  Baseline read() const {
    const toml::table file = read_toml(path_);
    check_version(file);
    Baseline baseline;
    baseline.has_paths = file.contains("paths");
    std::int64_t branches_line = 0;
    for (const auto& [key, node] : file) {
      if (key == "version") continue;
      if (key == "program") {
        baseline.program = string_of(node, path_, key.str());
      } else if (key == "scope") {
        read_scope(table_of(node, path_, key.str()), baseline.scope);
      } else if (key == "tolerance") {
        read_tolerances(table_of(node, path_, key.str()), baseline);
      } else if (key == "total") {
        baseline.total = expectations(table_of(node, path_, key.str()), kBaselineFigures);
      } else if (key == "branches") {
        baseline.branches = expectations_by_name(table_of(node, path_, key.str()));
        branches_line = line_of(node);
      } else if (key == "paths") {
        baseline.paths = expectations_by_name(table_of(node, path_, key.str()));
      } else {
        refuse_key(key.str(), node, "program, scope, tolerance, total, branches, paths");
      }
    }
    const auto& totals = baseline.total.values;
    if (std::none_of(totals.begin(), totals.end(),
                     [](const auto& one) { return one.has_value(); })) {
      throw std::runtime_error("'" + path_ + "' judges nothing: its table [total] has no figure");
    }
    if (!baseline.branches.empty() && !baseline.has_paths) {
      refuse(path_, branches_line, "[branches] says nothing without [paths]");
    }
    for (const auto& [name, expectations] : baseline.branches) {
      expect_judged(baseline, name, expectations);
    }
    return baseline;
  }

 private:
  void expect_judged(const Baseline& baseline, const std::string& name,
                     const Expectations& expectations) const {
    for (const Figure figure : kPathFigures) {
      if (!expectations[figure] || baseline.total[figure]) continue;
      refuse(path_, expectations[figure]->line,
             fmt::format("{} of the branch \"{}\" is not judged, since [total] has none",
                         name_of(figure), name));
    }
  }

  void check_version(const toml::table& file) const {
    const toml::node* version = file.get("version");
    if (version == nullptr) {
      throw std::runtime_error("'" + path_ + "' is no baseline: it has no version");
    }
    if (version->value_exact<std::int64_t>() == kVersion) return;
    refuse(path_, line_of(*version),
           fmt::format("version {} is not known, {} is", reports::text_of(*version), kVersion));
  }

  [[noreturn]] void refuse_key(std::string_view key, const toml::node& node,
                               std::string_view known) const {
    refuse(path_, line_of(node), fmt::format("'{}' is none of {}", key, known));
  }

  void read_scope(const toml::table& table, Scope& scope) const {
    for (const auto& [key, node] : table) {
      const auto* found = std::find_if(kScopeKeys.begin(), kScopeKeys.end(),
                                       [&, name = key.str()](auto& k) { return name == k.name; });
      if (found == kScopeKeys.end()) refuse_key(key.str(), node, names_of_scopes());
      found->text(scope) = string_of(node, path_, key.str());
    }
  }

  Figure figure_of(const toml::key& key, const toml::node& node,
                   std::span<const Figure> allowed) const {
    const auto figure = figure_named(key.str());
    if (figure && std::find(allowed.begin(), allowed.end(), *figure) != allowed.end()) {
      return *figure;
    }
    std::string names;
    for (const Figure known : allowed)
      names += (names.empty() ? "" : ", ") + std::string(name_of(known));
    refuse_key(key.str(), node, names);
  }

  void read_tolerances(const toml::table& table, Baseline& baseline) const {
    for (const auto& [key, node] : table) {
      const Figure figure = figure_of(key, node, kBaselineFigures);
      const auto tolerance = tolerance_in(plain_text(node));
      if (!tolerance) {
        refuse(path_, line_of(node),
               fmt::format("{} = {} is no tolerance such as 5 or \"2%\"", key.str(),
                           reports::text_of(node)));
      }
      baseline.tolerance[figure] = *tolerance;
    }
  }

  Expectations expectations(const toml::table& table, std::span<const Figure> allowed) const {
    Expectations result;
    for (const auto& [key, node] : table) {
      const Figure figure = figure_of(key, node, allowed);
      auto expected = expected_in(plain_text(node));
      if (!expected) {
        refuse(path_, line_of(node),
               fmt::format("{} = {} is no figure such as 1000, \"1000 + 5\" or \"1000 + 2%\"",
                           key.str(), reports::text_of(node)));
      }
      expected->line = line_of(node);
      result[figure] = *expected;
    }
    return result;
  }

  std::map<std::string, Expectations> expectations_by_name(const toml::table& table) const {
    std::map<std::string, Expectations> result;
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      result[name] = expectations(table_of(node, path_, "\"" + name + "\""), kPathFigures);
    }
    return result;
  }

  static std::string plain_text(const toml::node& node) {
    if (const auto text = node.value_exact<std::string>()) return *text;
    return node.is_integer() ? reports::text_of(node) : "";
  }

  const std::string& path_;
};

// A basic string. Paths are printable ASCII; what people write into a scope need not be.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      result += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string figures_in_line(const Expectations& expectations) {
  std::string text;
  for (const Figure figure : kPathFigures) {
    const auto& expected = expectations[figure];
    if (!expected) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name_of(figure),
                        expected_text(*expected));
  }
  return text;
}

std::string lines_of(const std::map<std::string, Expectations>& by_name) {
  std::string text;
  for (const auto& [name, expectations] : by_name) {
    text += fmt::format("{} = {{ {} }}\n", quoted(name), figures_in_line(expectations));
  }
  return text;
}

// `usual`: the tolerance of figures that state none.
Expected updated(const Expected& old, const Tolerance& usual, std::int64_t value,
                 std::int64_t spread) {
  Expected expected{value, old.tolerance, 0};
  const std::int64_t least = kSpreads * spread;
  const Tolerance& in_force = old.tolerance.is_none() ? usual : old.tolerance;
  if (in_force.of(value) < least) expected.tolerance = {least, 0};
  return expected;
}

Expectations entry_of(const std::map<std::string, Expectations>& by_name, const std::string& name) {
  const auto found = by_name.find(name);
  return found == by_name.end() ? Expectations{} : found->second;
}

// Exact ones are the same in all runs.
Observed without_exact_paths(Observed sum, const Baseline& baseline, const std::string& branch,
                             Figure figure) {
  for (auto path = baseline.paths.lower_bound(branch);
       path != baseline.paths.end() && path->first.starts_with(branch); ++path) {
    if (!is_below(path->first, branch) || baseline.floats(path->first, figure)) continue;
    sum.value[figure] -= path->second[figure].value_or(Expected{}).value;
  }
  return sum;
}

}  // namespace

std::int64_t Tolerance::of(std::int64_t value) const {
  return std::max(absolute,
                  static_cast<std::int64_t>(std::floor(static_cast<double>(value) * share)));
}

Expected Baseline::expected(const Expectations& expectations, Figure figure) const {
  Expected result = expectations[figure].value_or(Expected{});
  if (result.tolerance.is_none()) result.tolerance = tolerance[figure];
  return result;
}

bool Baseline::floats(const std::string& path, Figure figure) const {
  const auto known = paths.find(path);
  return known == paths.end() || !known->second[figure] ||
         !known->second[figure]->tolerance.is_none();
}

BranchesWanted Baseline::wanted_branches() const {
  BranchesWanted wanted;
  for (const auto& [name, expectations] : branches) wanted.names.push_back(name);
  wanted.counts = [this](const std::string& path, Figure figure) { return floats(path, figure); };
  return wanted;
}

Baseline read_baseline(const std::string& path) {
  return BaselineFile(path).read();
}

std::string text_of(const Baseline& baseline) {
  std::string text = fmt::format("{}version = {}\n", kIntroduction, kVersion);
  if (!baseline.program.empty()) text += fmt::format("program = {}\n", quoted(baseline.program));
  if (Scope scope = baseline.scope; scope != Scope{}) {
    text += "\n[scope]\n";
    for (const ScopeKey& key : kScopeKeys) {
      if (!key.text(scope).empty())
        text += fmt::format("{} = {}\n", key.name, quoted(key.text(scope)));
    }
  }
  std::string tolerances;
  std::string totals;
  for (const Figure figure : kBaselineFigures) {
    const Tolerance& tolerance = baseline.tolerance[figure];
    if (!tolerance.is_none()) {
      tolerances += fmt::format("{} = \"{}\"\n", name_of(figure), tolerance_text(tolerance));
    }
    const auto& total = baseline.total[figure];
    if (total) totals += fmt::format("{} = {}\n", name_of(figure), expected_text(*total));
  }
  if (!tolerances.empty()) text += "\n[tolerance]\n" + tolerances;
  text += "\n[total]\n" + totals;
  if (!baseline.branches.empty()) text += kAboutBranches + lines_of(baseline.branches);
  if (baseline.has_paths) text += "\n[paths]\n" + lines_of(baseline.paths);
  return text;
}

Baseline updated(const Baseline& old, const Usage& usage, const FigureSet& wanted) {
  Baseline baseline{old.program, old.scope, old.tolerance, {}, {}, {}, old.has_paths};
  for (const Figure figure : kBaselineFigures) {
    if (!wanted[figure]) continue;
    baseline.total[figure] = updated(old.total[figure].value_or(Expected{}), old.tolerance[figure],
                                     usage.total.value[figure], usage.total.spread[figure]);
  }
  if (!old.has_paths) return baseline;
  const auto update = [&](std::map<std::string, Expectations>& entries, const std::string& name,
                          Figure figure, const Expectations& before, const Observed& observed) {
    const std::int64_t value = observed.value[figure];
    const std::int64_t spread = observed.spread[figure];
    if (!wanted[figure] || (value == 0 && spread == 0)) return;
    entries[name][figure] =
        updated(before[figure].value_or(Expected{}), old.tolerance[figure], value, spread);
  };
  for (const auto& [path, observed] : usage.paths) {
    const Expectations before = entry_of(old.paths, path);
    for (const Figure figure : kPathFigures) {
      update(baseline.paths, path, figure, before, observed);
    }
  }
  for (const auto& [name, branch] : usage.branches) {
    const Expectations before = entry_of(old.branches, name);
    for (const Figure figure : kPathFigures) {
      const bool stays = before[figure] && branch.figures.spread[figure] == 0;
      if (!branch.is_steady[figure] && !stays) continue;
      update(baseline.branches, name, figure, before,
             without_exact_paths(branch.figures, baseline, name, figure));
    }
  }
  return baseline;
}

}  // namespace heapscribe::reports
