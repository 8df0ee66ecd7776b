// What documents are put together from.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/render/document.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {

// In JSON and CSV only.
inline Column data(std::string key, Unit unit) {
  return {std::move(key), "", unit, Shown::InData};
}

// In text and Markdown only.
inline Column text(std::string title, Unit unit = Unit::Text) {
  return {"", std::move(title), unit, Shown::InText};
}

template <typename Item>
void append(std::vector<Item>& list, std::vector<Item> more) {
  for (Item& item : more) list.push_back(std::move(item));
}

inline void append_wrapped(std::vector<std::string>& lines, const std::string& sentence,
                           std::size_t width = kTextWidth) {
  append(lines, wrap_text(sentence, width));
}

// Which part of the recording the document is about, if it is not the whole.
inline void add_selection(Document& document, const Context& context) {
  if (context.selection.empty()) return;
  append_wrapped(document.lead, printable("only " + context.selection));
}

// In data: six digits behind the point.
inline double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

}  // namespace heapscribe::render
