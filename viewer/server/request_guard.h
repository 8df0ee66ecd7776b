// Who may ask, and for what: everything that is known of a request before it does anything.
//
// The server listens on the loopback only, but every page in a browser and every user of the
// machine can reach that. So a request must know the token; must name this server as its host (a
// foreign name that was made to point here does not); must not come from another site's page; and
// can only read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heapscribe::viewer {

// Where the server is.
struct Place {
  std::uint16_t port = 0;
  std::string token;
};

// What counts of a request. Of headers all values that were sent.
struct Inquiry {
  std::string_view method, target;
  std::vector<std::string_view> hosts, origins, fetch_sites;
  bool has_body = false;
};

struct Refusal {
  unsigned status;  // of HTTP
  std::string sentence;
};

struct PageWanted {};
struct RecordingWanted {};
struct ReportWanted {
  std::string_view report, query;
};
using Admission = std::variant<Refusal, PageWanted, RecordingWanted, ReportWanted>;

inline constexpr std::size_t kLongestTarget = 8192;

Admission admit(const Inquiry& inquiry, const Place& place);

}  // namespace heapscribe::viewer
