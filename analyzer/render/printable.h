// Foreign text on a terminal: names come from binaries that may hold anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heapscribe::render {

// Valid UTF-8 without control, bidirectional or other invisible characters: line breaks and tabs
// become spaces, everything else U+FFFD.
std::string printable(std::string_view text);

// Columns that printable text takes.
std::size_t text_width(std::string_view text);

// At most `width` columns; what is cut off shows as an ellipsis.
std::string fit(std::string_view text, std::size_t width);

// printable() and fit(), without reading more of a huge text than is shown.
std::string fit_foreign(std::string_view text, std::size_t width);

std::string pad_left(const std::string& text, std::size_t width);
std::string pad_right(const std::string& text, std::size_t width);

// Words joined by `separator` and broken into lines of `width` columns; a word that is longer
// is cut. No line is empty.
std::vector<std::string> wrap_words(const std::vector<std::string>& words,
                                    std::string_view separator, std::size_t width);

// A sentence broken at its spaces. Words longer than `width` are broken too, but for paths, which
// are there to be copied.
std::vector<std::string> wrap_text(std::string_view text, std::size_t width);

}  // namespace heapscribe::render
