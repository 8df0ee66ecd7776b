#include "analyzer/render/source_document.h"

#include <fmt/format.h>

#include "analyzer/model/file_name.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"

namespace heapscribe::render {
namespace {

std::string without_tabs(const std::string& text) {
  constexpr std::size_t kTab = 4;
  std::string result;
  for (const char c : text) {
    if (c == '\t') {
      result.append(kTab - result.size() % kTab, ' ');
    } else {
      result += c;
    }
  }
  return result;
}

// Nothing where nothing was allocated: most lines.
std::string bytes_or_nothing(const model::Measures& measures) {
  return measures.allocations.value == 0 ? "" : format_bytes(measures.bytes.value);
}

std::string calls_or_nothing(const model::Measures& measures) {
  return measures.allocations.value == 0 ? "" : format_count(measures.allocations.value);
}

double seconds(model::Nanoseconds time) {
  return static_cast<double>(time.value) / 1e9;
}

}  // namespace

Document source_files_document(const std::vector<reports::SourceFile>& files,
                               std::optional<std::int64_t> limit, const Context& context) {
  Document document;
  document.title = "Source files of " + context.program;
  add_selection(document, context);
  Table table;
  table.key = "files";
  table.when_empty = "no function has a known source file; are there debug symbols?";
  table.columns = {
      {"bytes", "bytes", Unit::Bytes},      {"allocations", "allocations", Unit::Count},
      {"live_bytes", "alive", Unit::Bytes}, {"peak_bytes", "at peak", Unit::Bytes},
      {"lines", "lines", Unit::Count},      {"file", "file", Unit::Name}};
  for (const reports::SourceFile& file : files) {
    if (limit && static_cast<std::int64_t>(table.rows.size()) >= *limit) break;
    table.rows.push_back(
        {{file.own.bytes.value, file.own.allocations.value, file.own.live_bytes.value,
          file.own.peak_bytes.value, static_cast<std::int64_t>(file.lines), file.path},
         {},
         {}});
  }
  document.tables = {std::move(table)};
  if (!files.empty()) {
    append_wrapped(
        document.closing,
        fmt::format("Line by line: heapscribe source {} --file {}", model::shell_word(context.path),
                    model::shell_word(model::file_name(files.front().path))));
  }
  document.notes = context.notes;
  return document;
}

Document source_document(const reports::SourceText& source, const Context& context) {
  Document document;
  document.title = printable(source.path);
  add_selection(document, context);
  document.notes = context.notes;
  if (!source.unreadable.empty()) {
    document.notes.push_back(
        fmt::format("'{}' is not shown: {}.", printable(source.path), source.unreadable));
  }
  if (source.is_newer) {
    document.notes.push_back(fmt::format(
        "'{}' is newer than the recording: its lines may have moved.", printable(source.path)));
  }
  Table table;
  table.key = "lines";
  table.when_empty = "nothing was allocated here";
  table.columns = {{"line", "line", Unit::Number},
                   text("its own"),
                   text("calls"),
                   text("through it"),
                   {"text", "", Unit::Text},
                   data("allocations", Unit::Number),
                   data("bytes", Unit::Number),
                   data("live_bytes", Unit::Number),
                   data("peak_bytes", Unit::Number),
                   data("through_allocations", Unit::Number),
                   data("through_bytes", Unit::Number)};
  for (const reports::SourceLine& line : source.lines) {
    table.rows.push_back(
        {{line.line, bytes_or_nothing(line.own), calls_or_nothing(line.own),
          bytes_or_nothing(line.through), without_tabs(line.text), line.own.allocations.value,
          line.own.bytes.value, line.own.live_bytes.value, line.own.peak_bytes.value,
          line.through.allocations.value, line.through.bytes.value},
         {},
         {}});
  }
  document.tables = {std::move(table)};
  return document;
}

Document timeline_document(const std::vector<reports::TimelinePoint>& points,
                           const Context& context) {
  Document document;
  document.title = "Timeline of " + context.program;
  Table table;
  table.key = "points";
  table.when_empty = "nothing was read yet";
  table.columns = {text("time"),
                   data("seconds", Unit::Number),
                   {"live_bytes", "live", Unit::Bytes},
                   {"live_blocks", "blocks", Unit::Count},
                   {"resident_bytes", "resident", Unit::Bytes},
                   {"allocations", "allocations so far", Unit::Count},
                   {"bytes", "bytes so far", Unit::Bytes},
                   data("frees", Unit::Count)};
  for (const reports::TimelinePoint& point : points) {
    table.rows.push_back(
        {{format_duration(point.at.value), seconds(point.at), point.live.value,
          point.live_blocks.value, point.resident.value > 0 ? Value(point.resident.value) : Value(),
          point.allocations.value, point.bytes.value, point.frees.value},
         {},
         {}});
  }
  document.tables = {std::move(table)};
  document.notes = context.notes;
  return document;
}

}  // namespace heapscribe::render
