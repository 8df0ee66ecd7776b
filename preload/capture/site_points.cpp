#include "preload/capture/site_points.h"

#include <array>
#include <charconv>

#include "preload/capture/numbers.h"

namespace heapscribe::capture {
namespace {

// Reads "[[1,2],[3,4]]" from left to right; after the first surprise there is nothing more.
class RowScanner {
 public:
  explicit RowScanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {
    sound_ = skip('[');
    next();
  }

  bool has_row() const { return has_row_; }
  bool sound() const { return sound_; }
  std::span<const std::int64_t, kMostNumbers> numbers() const { return numbers_; }
  std::string_view text() const { return row_; }

  void next() {
    has_row_ = false;
    if (!sound_ || skip(']')) return;
    if (rows_ > 0 && !skip(',')) {
      sound_ = false;
      return;
    }
    ++rows_;
    const char* begin = at_;
    sound_ = has_row_ = read_row();
    row_ = std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }

 private:
  bool skip(char letter) {
    if (at_ == end_ || *at_ != letter) return false;
    ++at_;
    return true;
  }

  bool read_row() {
    numbers_ = {};
    if (!skip('[')) return false;
    for (std::int64_t& number : numbers_) {
      const auto [rest, error] = std::from_chars(at_, end_, number);
      if (error != std::errc{}) return false;
      at_ = rest;
      if (skip(']')) return true;
      if (!skip(',')) return false;
    }
    return false;
  }

  const char* at_;
  const char* end_;
  bool sound_ = false, has_row_ = false;
  std::size_t rows_ = 0;
  std::array<std::int64_t, kMostNumbers> numbers_{};
  std::string_view row_;
};

void append_as_it_is(std::string& text, std::string_view row) {
  if (text.size() > 1) text += ',';
  text += row;
}

}  // namespace

std::string pack_points(std::span<const HeldBySite> points) {
  std::string text = "[";
  for (const HeldBySite& point : points) {
    append_row(text, point.site, point.live_blocks, point.live_bytes, point.allocations,
               point.bytes);
  }
  return text + ']';
}

std::string merge_points(std::string_view earlier, std::string_view later) {
  RowScanner old(earlier);
  RowScanner fresh(later);
  std::string text = "[";
  text.reserve(earlier.size() + later.size());
  while (old.has_row() || fresh.has_row()) {
    const bool only_old = old.has_row() && !fresh.has_row();
    const bool only_fresh = fresh.has_row() && !old.has_row();
    if (only_old || (!only_fresh && old.numbers()[0] < fresh.numbers()[0])) {
      append_as_it_is(text, old.text());
      old.next();
      continue;
    }
    if (old.has_row() && old.numbers()[0] == fresh.numbers()[0]) old.next();
    append_as_it_is(text, fresh.text());
    fresh.next();
  }
  return text + ']';
}

bool for_each_row(std::string_view text,
                  const std::function<void(std::span<const std::int64_t, kMostNumbers>)>& row) {
  RowScanner scanner(text);
  for (; scanner.has_row(); scanner.next()) row(scanner.numbers());
  return scanner.sound();
}

}  // namespace heapscribe::capture
