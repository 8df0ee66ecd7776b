// The page that the build made, as data.
#pragma once

#include <string>
#include <string_view>

namespace heapscribe::viewer {

struct Page {
  std::string_view html;      // one file, its script and style within
  std::string_view requests;  // JSON: what its views ask, for the static page
  std::string_view scripts;   // hashes of what may run, as Content-Security-Policy writes them
  std::string_view styles;
};

const Page& built_page();

// Content-Security-Policy: the page's own script and style, and nothing from elsewhere.
std::string served_policy(const Page& page);
// As far as a file can say it itself; it asks nobody for anything.
std::string static_policy(const Page& page);

}  // namespace heapscribe::viewer
