#include "analyzer/reports/suppressions.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace heapscribe::reports {
namespace {

constexpr std::string_view kPrefix = "leak:";
// A thread that is on its way out may still own its loader's vectors.
constexpr std::string_view kBuiltIn =
    "leak:^_dl_allocate_tls$\n"
    "leak:^allocate_dtv$\n"
    "leak:^_dl_update_slotinfo$\n";

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

// Whether `text` begins with `pattern` (without * at its ends) at one of the places allowed.
bool matches_anywhere(std::string_view pattern, std::string_view text, bool at_begin, bool at_end) {
  const std::size_t star = pattern.find('*');
  const std::string_view first = pattern.substr(0, star);
  for (std::size_t at = 0; at + first.size() <= text.size(); ++at) {
    if (text.substr(at, first.size()) == first) {
      const std::string_view rest = text.substr(at + first.size());
      const bool complete = star == std::string_view::npos
                                ? !at_end || rest.empty()
                                : matches_anywhere(pattern.substr(star + 1), rest, false, at_end);
      if (complete) return true;
    }
    if (at_begin) return false;
  }
  return false;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  const bool at_begin = pattern.starts_with('^');
  if (at_begin) pattern.remove_prefix(1);
  const bool at_end = pattern.ends_with('$');
  if (at_end) pattern.remove_suffix(1);
  return matches_anywhere(pattern, text, at_begin, at_end);
}

void Suppressions::add(std::string_view text, const std::string& origin) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::string place = origin + ":" + std::to_string(number);
    if (!line.starts_with(kPrefix) || line.size() == kPrefix.size()) {
      throw std::runtime_error(place + ": '" + std::string(line) +
                               "' is no suppression such as leak:FUNCTION");
    }
    all_.push_back({.pattern = std::string(line.substr(kPrefix.size())), .origin = place});
  }
}

void Suppressions::add_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read suppressions from '" + path + "'");
  add(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

void Suppressions::add_built_in() {
  add(kBuiltIn, "heapscribe");
}

Suppression* Suppressions::find(const model::SiteStack& stack) {
  const auto fits = [&](const Suppression& suppression) {
    return std::any_of(stack.frames.begin(), stack.frames.end(), [&](const model::Frame* frame) {
      return matches_pattern(suppression.pattern, frame->function) ||
             matches_pattern(suppression.pattern, frame->file) ||
             matches_pattern(suppression.pattern, frame->module);
    });
  };
  const auto found = std::find_if(all_.begin(), all_.end(), fits);
  return found != all_.end() ? &*found : nullptr;
}

}  // namespace heapscribe::reports
