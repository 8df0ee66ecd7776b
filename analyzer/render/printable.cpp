#include "analyzer/render/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace heapscribe::render {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

struct Character {
  char32_t code = 0;      // U+FFFD when invalid
  std::size_t bytes = 1;  // taken from the text
};

constexpr char32_t kInvalid = 0xFFFD;

// Length of the sequence that `lead` begins, 0 if it begins none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool is_well_formed(char32_t code, std::size_t length) {
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  return code >= kSmallest[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

Character next_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t length = sequence_length(byte(0));
  if (length == 1) return {byte(0), 1};
  if (length == 0 || at + length > text.size()) return {kInvalid, 1};
  char32_t code = byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {kInvalid, 1};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  if (!is_well_formed(code, length)) return {kInvalid, 1};
  return {code, length};
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t code) {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

// Controls, soft hyphen, zero-width and bidirectional marks, separators, BOM, tags.
bool is_invisible(char32_t code) {
  static constexpr std::array kRanges = {
      Range{0x00, 0x1F},     Range{0x7F, 0x9F},      Range{0xAD, 0xAD},     Range{0x61C, 0x61C},
      Range{0x200B, 0x200F}, Range{0x2028, 0x202E},  Range{0x2060, 0x206F}, Range{0xFEFF, 0xFEFF},
      Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE0FFF}};
  return is_in(kRanges, code);
}

bool is_combining(char32_t code) {
  static constexpr std::array kRanges = {Range{0x300, 0x36F}, Range{0x1AB0, 0x1AFF},
                                         Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F},
                                         Range{0xFE20, 0xFE2F}};
  return is_in(kRanges, code);
}

bool is_wide(char32_t code) {
  static constexpr std::array kRanges = {
      Range{0x1100, 0x115F}, Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
      Range{0xF900, 0xFAFF}, Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
      Range{0xFFE0, 0xFFE6}, Range{0x1F300, 0x1FAFF}, Range{0x20000, 0x3FFFD}};
  return is_in(kRanges, code);
}

std::size_t columns_of(char32_t code) {
  if (is_combining(code)) return 0;
  return is_wide(code) ? 2 : 1;
}

// "%" and "KiB" stay on the line of their number.
bool begins_with_unit(std::string_view text) {
  constexpr std::array<std::string_view, 5> kUnits = {"%", "KiB", "MiB", "GiB", "TiB"};
  return std::any_of(kUnits.begin(), kUnits.end(),
                     [&](std::string_view unit) { return text.substr(0, unit.size()) == unit; });
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = next_character(text, at);
    if (character.code == '\n' || character.code == '\t' || character.code == '\r') {
      result += ' ';
    } else if (character.code == kInvalid || is_invisible(character.code)) {
      result += kReplacement;
    } else {
      result += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return result;
}

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = next_character(text, at);
    width += columns_of(character.code);
    at += character.bytes;
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width) {
  std::size_t used = 0;
  std::size_t end_with_ellipsis = 0;  // as far as the text goes when an ellipsis must follow
  for (std::size_t at = 0; at < text.size();) {
    const Character character = next_character(text, at);
    used += columns_of(character.code);
    if (used > width) {
      if (width == 0) return {};
      return std::string(text.substr(0, end_with_ellipsis)).append(kEllipsis);
    }
    at += character.bytes;
    if (used + 1 <= width) end_with_ellipsis = at;
  }
  return std::string(text);
}

std::string fit_foreign(std::string_view text, std::size_t width) {
  constexpr std::size_t kBytesPerColumn = 8;  // with room for combining characters
  return fit(printable(text.substr(0, (width + 1) * kBytesPerColumn)), width);
}

std::string pad_left(const std::string& text, std::size_t width) {
  const std::size_t used = text_width(text);
  return used < width ? std::string(width - used, ' ') + text : text;
}

std::string pad_right(const std::string& text, std::size_t width) {
  const std::size_t used = text_width(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

std::vector<std::string> wrap_words(const std::vector<std::string>& words,
                                    std::string_view separator, std::size_t width) {
  std::vector<std::string> lines;
  const std::size_t gap = text_width(separator);
  std::size_t used = 0;
  for (const std::string& whole : words) {
    const std::string word = fit(whole, width);
    const std::size_t columns = text_width(word);
    if (lines.empty() || used + gap + columns > width) {
      lines.push_back(word);
      used = columns;
    } else {
      lines.back().append(separator).append(word);
      used += gap + columns;
    }
  }
  return lines;
}

namespace {

// How many bytes of `word` take no more than `width` columns; one character at least.
std::size_t bytes_within(std::string_view word, std::size_t width) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < word.size()) {
    const Character character = next_character(word, at);
    used += columns_of(character.code);
    if (used > width && at > 0) break;
    at += character.bytes;
  }
  return at;
}

// A path is to be copied; anything else is to be read.
bool may_be_broken(std::string_view word) {
  return word.find('/') == std::string_view::npos;
}

}  // namespace

std::vector<std::string> wrap_text(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find(' ', at), text.size());
    if (begins_with_unit(text.substr(std::min(end + 1, text.size())))) {
      end = std::min(text.find(' ', end + 1), text.size());
    }
    std::string_view word = text.substr(at, end - at);
    std::size_t columns = text_width(word);
    for (; columns > width && may_be_broken(word); columns = text_width(word)) {
      const std::size_t piece = bytes_within(word, width);
      lines.emplace_back(word.substr(0, piece));
      used = width;
      word.remove_prefix(piece);
    }
    if (lines.empty() || used + 1 + columns > width) {
      lines.emplace_back(word);
      used = columns;
    } else {
      lines.back().append(" ").append(word);
      used += 1 + columns;
    }
    at = end + 1;
  }
  return lines;
}

}  // namespace heapscribe::render
