// Sections of a program that were not named in its source: each is what was allocated while a
// function that an expression finds was on the stack.
//
// Sections lie within each other as their functions call each other, from the outermost frame
// inwards. A section that a stack is in already is not entered again, so recursion does not nest.
// Of two that begin with the same frame, the one that is named first is the outer one.
#pragma once

#include <string>
#include <vector>

#include "analyzer/reports/sections.h"

namespace heapscribe::reports {

// `thread` as in SiteFilter; "" = all. Selects the sites of that thread. Rows in which nothing was
// allocated or freed are left out. Throws std::runtime_error with one sentence for an expression
// that is wrong and for a name that is given twice.
SectionsReport collect_function_sections(model::CaptureReader& reader,
                                         const std::vector<SectionPattern>& patterns,
                                         const std::string& thread);

}  // namespace heapscribe::reports
