// One value of a table for people.
#pragma once

#include <string>

#include "analyzer/render/document.h"

namespace heapscribe::render {

// Not made printable yet: names are as they were recorded.
std::string cell_text(const Value& value, Unit unit);

bool is_numeric(Unit unit);
bool is_shown_in_text(const Column& column);
bool is_shown_in_data(const Column& column);
bool has_text(const Table& table);  // any column that text shows

}  // namespace heapscribe::render
