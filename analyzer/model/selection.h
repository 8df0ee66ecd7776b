// Which sites a report is about.
//
// select_sites() gives the connection a view `selected_site` with the columns of table `site`, and
// every query of the site reports reads that view; no report knows what was selected.
#pragma once

#include <optional>
#include <string>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/window.h"

namespace heapscribe::model {

struct SiteFilter {
  std::string function;  // regular expression; any frame of the stack may match. "" = all
  std::string module;    // the same for the path of the frame's module
  std::string thread;    // "TID", "NAME" or "#id"; counts then are those of these threads alone

  std::string section = {};  // name or path ("outer/inner"), with the sections within

  std::optional<Window> window = {};  // goes with function and module only

  bool operator==(const SiteFilter&) const = default;
  bool empty() const {
    return function.empty() && module.empty() && thread.empty() && section.empty() && !window;
  }
};

// The last call counts. Throws std::runtime_error with one sentence for a wrong expression,
// an unknown thread or section, or parts that do not go together.
void select_sites(CaptureReader& reader, const SiteFilter& filter);

// What shares of the selected sites are shares of: the whole run, or all sites of the window.
Measures measures_of_all(CaptureReader& reader);

// Whether the recording knows of sections at all; older ones do not.
bool has_sections(CaptureReader& reader);
// Fills the table selected_thread; with none for "". Part of select_sites.
void select_threads(CaptureReader& reader, const std::string& thread);

}  // namespace heapscribe::model
