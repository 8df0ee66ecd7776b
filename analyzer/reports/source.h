// Source files with what their lines allocate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct SourceFile {
  std::string path;  // as the compiler noted it
  std::size_t lines = 0;
  model::Measures own;  // of sites that are blamed on it
};

// Files that sites are blamed on, most bytes first. model::select_sites() must have been called.
std::vector<SourceFile> list_source_files(model::CaptureReader& reader);

struct SourceLine {
  std::int64_t line = 0;
  std::string text;              // "" where the file cannot be read
  model::Measures own, through;  // blamed on the line; with it anywhere on the stack
};

struct SourceText {
  std::string path;
  std::string unreadable;  // why; "" = it was read
  bool is_newer = false;   // than the recording: lines may have moved
  std::vector<SourceLine> lines;
};

// `file` is a path, or the end of one that fits one file only. The lines around `line`, or all that
// allocate, with some around them. The text is read from this machine, where its name is that of a
// source file: a recording of somebody else's must not tell what to read. Throws std::runtime_error
// with one sentence if no frame lies in such a file.
SourceText read_source(model::CaptureReader& reader, const std::string& file,
                       std::optional<std::int64_t> line);

}  // namespace heapscribe::reports
