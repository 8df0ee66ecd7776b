// A document in one of the formats. Nothing here knows a report.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "analyzer/render/document.h"

namespace heapscribe::render {

enum class Format { Text, Json, Csv, Markdown };

inline constexpr std::size_t kTextWidth = 80;

void write(std::ostream& out, const Document& document, Format format);

// Whether the format has no place for the document's notes (they then belong on stderr).
bool leaves_out_notes(const Document& document, Format format);

void write_text(std::ostream& out, const Document& document, std::size_t width = kTextWidth);
void write_json(std::ostream& out, const Document& document);
// RFC 4180; the tables of an object follow each other, separated by an empty line.
void write_csv(std::ostream& out, const Document& document);
// One text as these write it, for lines that become no document.
std::string json_text(const std::string& text);
std::string csv_text(const std::string& text);
void write_markdown(std::ostream& out, const Document& document);

}  // namespace heapscribe::render
