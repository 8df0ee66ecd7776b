#include "analyzer/reports/source.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

using model::Frame;
using model::Measures;

constexpr std::int64_t kAround = 3;         // lines beside one that allocates
constexpr std::int64_t kAroundChosen = 15;  // beside one that was asked for
constexpr std::uintmax_t kLargestFile = std::uintmax_t{16} << 20;

struct LineSums {
  Measures own, through;
};

template <typename Visit>
void for_each_site(model::CaptureReader& reader, const Visit& visit) {
  reader.frames().load_all();
  reader.stacks().load_all();
  auto rows = reader.database().prepare(queries::site_measures);
  while (rows.step()) {
    const model::SiteStack stack = model::site_stack(
        reader.stacks(), reader.frames(), {rows.integer(1)}, {rows.integer(2)}, rows.integer(3));
    const Measures measures = {{rows.integer(4)}, {rows.integer(5)}, {rows.integer(6)},
                               {rows.integer(7)}, {rows.integer(8)}, {rows.integer(9)}};
    visit(stack, measures);
  }
}

bool ends_with_path(const std::string& path, const std::string& end) {
  if (path == end) return true;
  return path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0 &&
         path[path.size() - end.size() - 1] == '/';
}

std::string find_file(model::CaptureReader& reader, const std::string& file) {
  std::vector<std::string> fitting;
  auto rows = reader.database().prepare("SELECT path FROM source_file ORDER BY path");
  while (rows.step()) {
    std::string path = rows.text(0);
    if (path == file) return path;
    if (ends_with_path(path, file)) fitting.push_back(std::move(path));
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    throw std::runtime_error(
        fmt::format("no function of '{}' comes from a file '{}'; "
                    "heapscribe source {} lists them",
                    reader.path(), file, reader.path()));
  }
  throw std::runtime_error(fmt::format("'{}' fits {} files, '{}' and '{}' among them", file,
                                       fitting.size(), fitting[0], fitting[1]));
}

// By line; a line counts once a stack, however often it is on it.
std::map<std::int64_t, LineSums> sums_of(model::CaptureReader& reader, const std::string& path) {
  std::map<std::int64_t, LineSums> sums;
  std::set<std::int64_t> seen;
  for_each_site(reader, [&](const model::SiteStack& stack, const Measures& measures) {
    seen.clear();
    for (const Frame* frame : stack.frames) {
      if (frame->file == path && seen.insert(frame->line).second) {
        sums[frame->line].through += measures;
      }
    }
    const Frame& blamed = stack.blamed();
    if (blamed.file == path) sums[blamed.line].own += measures;
  });
  sums.erase(0);
  return sums;
}

bool is_source_name(const std::string& path) {
  constexpr std::array<std::string_view, 25> kSuffixes = {
      ".c",   ".cc",  ".cpp", ".cxx", ".c++", ".h",  ".hh",   ".hpp", ".hxx",
      ".inl", ".ipp", ".tcc", ".tpp", ".rs",  ".go", ".zig",  ".d",   ".f90",
      ".m",   ".mm",  ".y",   ".l",   ".s",   ".S",  ".swift"};
  const std::string_view include = "/usr/include/";
  if (path.compare(0, include.size(), include) == 0 && path.find("/../") == std::string::npos) {
    return true;  // the C++ library's headers have no suffix
  }
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](std::string_view suffix) {
    return path.size() > suffix.size() && path.ends_with(suffix);
  });
}

// Why it was not read, or "".
std::string read_lines(const std::string& path, std::vector<std::string>& lines) {
  if (!is_source_name(path)) return "it is not named as a source file is";
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return std::strerror(errno);
  if (!S_ISREG(about.st_mode)) return "it is not a regular file";
  if (static_cast<std::uintmax_t>(about.st_size) > kLargestFile) return "it is too large";
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
  }
  return file.bad() || lines.empty() ? "it cannot be read" : "";
}

bool is_newer(const std::string& path, const model::CaptureReader& reader) {
  struct stat about {};
  const std::int64_t begin = reader.integer("start_realtime_ns").value_or(0);
  if (begin == 0 || stat(path.c_str(), &about) != 0) return false;
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return about.st_mtim.tv_sec > begin / kNanoseconds;
}

std::set<std::int64_t> lines_to_show(const std::map<std::int64_t, LineSums>& sums,
                                     std::optional<std::int64_t> chosen, std::int64_t last) {
  std::set<std::int64_t> shown;
  const auto add_around = [&](std::int64_t line, std::int64_t around) {
    for (std::int64_t at = std::max<std::int64_t>(line - around, 1);
         at <= std::min(line + around, last); ++at) {
      shown.insert(at);
    }
  };
  if (chosen) {
    add_around(*chosen, kAroundChosen);
    return shown;
  }
  for (const auto& [line, sum] : sums) add_around(line, kAround);
  return shown;
}

}  // namespace

std::vector<SourceFile> list_source_files(model::CaptureReader& reader) {
  std::unordered_map<std::string, SourceFile> files;
  std::unordered_map<std::string, std::set<std::int64_t>> lines;
  for_each_site(reader, [&](const model::SiteStack& stack, const Measures& measures) {
    const Frame& blamed = stack.blamed();
    if (blamed.file.empty()) return;
    SourceFile& file = files[blamed.file];
    file.path = blamed.file;
    file.own += measures;
    lines[blamed.file].insert(blamed.line);
  });
  std::vector<SourceFile> list;
  for (auto& [path, file] : files) {
    file.lines = lines[path].size();
    list.push_back(std::move(file));
  }
  std::sort(list.begin(), list.end(), [](const SourceFile& a, const SourceFile& b) {
    if (a.own.bytes.value != b.own.bytes.value) return a.own.bytes.value > b.own.bytes.value;
    return a.path < b.path;
  });
  return list;
}

SourceText read_source(model::CaptureReader& reader, const std::string& file,
                       std::optional<std::int64_t> line) {
  SourceText source;
  source.path = find_file(reader, file);
  const std::map<std::int64_t, LineSums> sums = sums_of(reader, source.path);
  std::vector<std::string> text;
  source.unreadable = read_lines(source.path, text);
  const bool is_read = source.unreadable.empty();
  source.is_newer = is_read && is_newer(source.path, reader);
  std::set<std::int64_t> shown;
  if (is_read) {
    shown = lines_to_show(sums, line, static_cast<std::int64_t>(text.size()));
  } else {
    for (const auto& [at, sum] : sums) shown.insert(at);
  }
  for (const std::int64_t at : shown) {
    SourceLine row;
    row.line = at;
    if (is_read) row.text = text[static_cast<std::size_t>(at) - 1];
    if (const auto found = sums.find(at); found != sums.end()) {
      row.own = found->second.own;
      row.through = found->second.through;
    }
    source.lines.push_back(std::move(row));
  }
  return source;
}

}  // namespace heapscribe::reports
