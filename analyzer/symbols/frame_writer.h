// Writes rows of `frame`, and of `function` and `source_file` when they are first mentioned.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/symbols/module_symbols.h"
#include "preload/capture/database.h"

namespace heapscribe::symbols {

// A table of distinct texts.
class TextRows {
 public:
  TextRows(capture::Database& recording, const std::string& table, const std::string& column);
  std::int64_t id_of(const std::string& text);  // adds the text if it is new

 private:
  capture::Statement insert_;
  std::unordered_map<std::string, std::int64_t> ids_;
  std::int64_t last_id_ = 0;
};

// How much a list of frames tells.
enum class Worth : int { Nothing, Place, Function, Line };

class FrameWriter {
 public:
  explicit FrameWriter(capture::Database& recording);

  // The frames an address has in `symbols`; without any, one that is called `made_up_name`.
  // Replaces what is there unless that is worth more. Returns what is stored in the end.
  Worth write(std::int64_t address_id, const std::vector<Frame>& frames,
              const ModuleSymbols& symbols, const std::string& made_up_name);

 private:
  Worth stored_worth(std::int64_t address_id, const std::string& made_up_name);
  void write_frame(std::int64_t address_id, std::int64_t depth, std::int64_t function,
                   const Frame& frame, const ModuleSymbols& symbols);

  TextRows functions_;
  TextRows files_;
  capture::Statement select_;
  capture::Statement delete_;
  capture::Statement insert_;
};

}  // namespace heapscribe::symbols
