#include "analyzer/reports/suppressions.h"

#include <algorithm>
#include <filesystem>
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

// Moves past the next * and returns what is before it, without escapes.
std::string take_piece(std::string_view& pattern) {
  std::string piece;
  while (!pattern.empty() && pattern.front() != '*') {
    if (pattern.starts_with("\\*")) pattern.remove_prefix(1);
    piece += pattern.front();
    pattern.remove_prefix(1);
  }
  return piece;
}

}  // namespace

// Every piece is taken where it is found first: a later place would leave less for the rest.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  const bool at_end = pattern.ends_with('$');
  if (at_end) pattern.remove_suffix(1);
  for (;; pattern.remove_prefix(1), anchored = false) {
    const std::string piece = take_piece(pattern);
    const bool is_last = pattern.empty();
    if (is_last && at_end && !anchored) return text.ends_with(piece);
    const std::size_t at = anchored ? (text.starts_with(piece) ? 0 : text.npos) : text.find(piece);
    if (at == text.npos) return false;
    text.remove_prefix(at + piece.size());
    if (is_last) return !at_end || text.empty();
  }
}

std::string pattern_for(std::string_view name) {
  std::string pattern = "^";
  for (const char c : name) {
    if (c == '*') pattern += '\\';
    pattern += c;
  }
  return pattern + "$";
}

void Suppressions::add(std::string_view text, const std::string& origin) {
  first_.clear();
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
  if (std::filesystem::is_directory(path)) {
    throw std::runtime_error("suppressions are read from a file, and '" + path + "' is a folder");
  }
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read suppressions from '" + path + "'");
  add(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

void Suppressions::add_built_in() {
  add(kBuiltIn, "heapscribe");
}

// The number of the first suppression that fits; all_.size() if none does. The same frames are in
// many stacks: what was found is kept.
std::size_t Suppressions::first_for(const model::Frame& frame) {
  const auto fits = [&](const Suppression& suppression) {
    const auto fits_name = [&](const std::string& name) {
      return !name.empty() && matches_pattern(suppression.pattern, name);
    };
    return fits_name(frame.function) || fits_name(frame.file) || fits_name(frame.module);
  };
  const auto [entry, is_new] =
      first_.try_emplace(frame.function + '\n' + frame.file + '\n' + frame.module);
  if (is_new) {
    const auto found = std::find_if(all_.begin(), all_.end(), fits);
    entry->second = static_cast<std::size_t>(found - all_.begin());
  }
  return entry->second;
}

Suppression* Suppressions::find(const model::SiteStack& stack) {
  std::size_t first = all_.size();
  for (const model::Frame* frame : stack.frames) first = std::min(first, first_for(*frame));
  return first < all_.size() ? &all_[first] : nullptr;
}

}  // namespace heapscribe::reports
