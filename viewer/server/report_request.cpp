#include "viewer/server/report_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace heapscribe::viewer {
namespace {

constexpr std::size_t kMostOptions = 16;
constexpr std::size_t kLongestValue = 4096;

constexpr std::array<std::string_view, 21> kReports = {
    "summary", "hotspots", "peak",   "temporary", "leaks",    "growth",   "snapshots",
    "sizes",   "pools",    "pauses", "losses",    "releases", "sections", "diff",
    "compare", "health",   "source", "timeline",  "trace",    "query",    "check"};

// Which report takes which is up to its command.
constexpr std::array<std::string_view, 19> kOptions = {
    "by",   "tree", "group", "function", "module", "thread", "section", "limit",   "frames", "at",
    "from", "to",   "rule",  "classes",  "file",   "line",   "site",    "address", "sql"};
constexpr std::array<std::string_view, 2> kFlags = {"all", "names"};

// What stands on the command line without the option's name.
constexpr std::string_view kWord = "sql";

template <typename Words>
bool holds(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? std::string(text) : std::string(text.substr(0, kShown)) + "...";
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const int letter = std::tolower(static_cast<unsigned char>(digit));
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (text[i] != '%') {
      result += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        throw BadRequest(fmt::format("'{}' is not encoded as an address is", shortened(text)));
      }
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte) != 0) ||
                       std::string_view("*-._").find(c) != std::string_view::npos;
    if (plain) {
      result += c;
    } else if (c == ' ') {
      result += '+';
    } else {
      result += fmt::format("%{:02X}", byte);
    }
  }
  return result;
}

ReportOption checked(ReportOption option) {
  const bool is_flag = holds(kFlags, option.name);
  if (!is_flag && !holds(kOptions, option.name)) {
    throw BadRequest(fmt::format("there is no option '{}' here", shortened(option.name)));
  }
  if (option.value.size() > kLongestValue) {
    throw BadRequest(fmt::format("option '{}' has {} bytes, and {} are the most", option.name,
                                 option.value.size(), kLongestValue));
  }
  if (option.value.find('\0') != std::string::npos) {
    throw BadRequest(fmt::format("option '{}' has a zero byte", option.name));
  }
  if (is_flag && option.value.empty()) option.value = "true";
  if (is_flag && option.value != "true") {
    throw BadRequest(fmt::format("option '{}' is there or not, and takes no '{}'", option.name,
                                 shortened(option.value)));
  }
  if (option.value.empty()) throw BadRequest(fmt::format("option '{}' has no value", option.name));
  return option;
}

std::vector<ReportOption> split(std::string_view query) {
  std::vector<ReportOption> options;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    options.push_back(
        {decoded(part.substr(0, equals)), decoded(part.substr(std::min(equals + 1, part.size())))});
    if (options.size() > kMostOptions) break;
  }
  return options;
}

bool asks_for(const ReportRequest& request, std::string_view name) {
  return std::any_of(request.options.begin(), request.options.end(),
                     [name](const ReportOption& option) { return option.name == name; });
}

bool takes_both(const ReportRequest& request) {
  if (request.report == "compare") return true;
  return request.report == "diff" && !asks_for(request, "from") && !asks_for(request, "to");
}

// A file's name as no command line can misread it: as an option, or as a list in brackets.
std::string path_word(const std::string& path) {
  const bool plain = !path.empty() && (std::isalnum(static_cast<unsigned char>(path[0])) != 0 ||
                                       path[0] == '/' || path[0] == '.' || path[0] == '_');
  return plain ? path : "./" + path;
}

}  // namespace

ReportRequest parse_request(std::string_view report, std::string_view query) {
  if (!holds(kReports, report)) {
    throw BadRequest(fmt::format("there is no report '{}' here", shortened(report)));
  }
  std::vector<ReportOption> options = split(query);
  if (options.size() > kMostOptions) {
    throw BadRequest(fmt::format("more than {} options are too many", kMostOptions));
  }
  for (ReportOption& option : options) option = checked(std::move(option));
  const bool has_word = std::any_of(options.begin(), options.end(), [](const ReportOption& option) {
    return option.name == kWord;
  });
  if (has_word && report != "query") {  // it would be taken for another recording
    throw BadRequest(fmt::format("'{}' takes no option '{}'", report, kWord));
  }
  return {std::string(report), std::move(options)};
}

std::string key_of(const ReportRequest& request) {
  std::vector<ReportOption> options = request.options;
  std::stable_sort(options.begin(), options.end(),
                   [](const auto& left, const auto& right) { return left.name < right.name; });
  std::string key = request.report;
  char separator = '?';
  for (const ReportOption& option : options) {
    key += separator + encoded(option.name) + '=' + encoded(option.value);
    separator = '&';
  }
  return key;
}

std::vector<std::string> command_of(const ReportRequest& request, const Recordings& recordings) {
  std::vector<std::string> command = {"heapscribe", request.report, path_word(recordings.path)};
  if (recordings.other && takes_both(request)) command.push_back(path_word(*recordings.other));
  command.emplace_back("--format=json");
  if (request.report == "check" && recordings.baseline) {
    command.push_back("--baseline=" + *recordings.baseline);
  }
  std::vector<std::string> words = {"--"};
  for (const ReportOption& option : request.options) {
    if (option.name == kWord) {
      words.push_back(option.value);
      continue;
    }
    const bool is_flag = holds(kFlags, option.name);
    command.push_back(is_flag ? "--" + option.name
                              : fmt::format("--{}={}", option.name, option.value));
  }
  if (words.size() > 1) command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace heapscribe::viewer
