// What may be asked of heapscribe through the viewer: reports that only read, and their options.
// Everything is checked here, before a process is started with it.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heapscribe::viewer {

// What is viewed; paths as they were given.
struct Recordings {
  std::string path;
  std::optional<std::string> other = std::nullopt;     // to compare with
  std::optional<std::string> baseline = std::nullopt;  // to check it against
};

struct ReportOption {
  std::string name;
  std::string value;  // "true" of a flag

  friend bool operator==(const ReportOption&, const ReportOption&) = default;
};

struct ReportRequest {
  std::string report;
  std::vector<ReportOption> options;

  friend bool operator==(const ReportRequest&, const ReportRequest&) = default;
};

// The message is one sentence.
class BadRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `query` is what follows the question mark of an address, encoded as browsers do it.
// Throws BadRequest.
ReportRequest parse_request(std::string_view report, std::string_view query);

// By what the static page finds the answer: "peak?limit=5&module=a+b". Options are sorted by name
// and encoded as URLSearchParams does it; without options it is the report's name alone.
std::string key_of(const ReportRequest& request);

// The command line from the program's name on. No value can become an option or a second word.
std::vector<std::string> command_of(const ReportRequest& request, const Recordings& recordings);

}  // namespace heapscribe::viewer
