// The page as one file that needs no server: the answers that its views ask for are within.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "viewer/server/page.h"
#include "viewer/server/report_answer.h"

namespace heapscribe::viewer {

// Requests that an answer leads to: one for each of its first `most` rows, whose field `option` is
// the value of that option. An answer of more than `most_bytes` is not worth its place.
struct FollowingRequests {
  std::string of;  // key
  std::string report, option;
  std::size_t most = 0;
  std::size_t most_bytes = 0;
};

struct PageRequests {
  std::vector<std::string> keys;
  std::vector<FollowingRequests> following;
};

// What the views name. Each is given as its key, "peak?limit=5", or in parts: {"report": "peak",
// "options": {"name": "value" or ["value", ...]}}; or as {"each": {"of": key, "report": ...,
// "option":
// ..., "most": ..., "most_bytes": ...}}. Throws std::runtime_error with one sentence.
PageRequests requests_in(std::string_view requests);

// JSON that can stand in a script element: no foreign name can end it or begin a comment.
std::string escaped_for_script(std::string_view json);

inline constexpr std::size_t kMostAnswerBytes = std::size_t{16} << 20;

struct StaticContent {
  std::string recording;  // JSON
  std::function<Answer(const std::string& key)> answer;
  std::size_t most_bytes = kMostAnswerBytes;  // of answers; what does not fit is left out
};

// The same for the same answers.
std::string static_page(const Page& page, const StaticContent& content);

}  // namespace heapscribe::viewer
