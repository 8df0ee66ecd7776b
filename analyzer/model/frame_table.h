// What addresses mean: function, file and line, with inlined calls, as stored in the recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/model/ids.h"
#include "preload/capture/database.h"

namespace heapscribe::model {

struct Frame {
  std::string function;   // never empty: "module+0x1234" or "0x7f..." where no symbol is stored
  std::string file;       // "" = unknown
  std::int64_t line = 0;  // 0 = unknown
  std::string module;     // path, "" = none
  bool inlined = false;   // the code belongs to a frame further out
  bool named = false;     // function is a symbol, not a fallback
};

// Frames, innermost first. They belong to the FrameTable they came from.
using Stack = std::vector<const Frame*>;

// The frame that stands for a missing stack.
const Frame& unrecorded_frame();

// Each address is read once; frames stay where they are until the table goes.
class FrameTable {
 public:
  explicit FrameTable(capture::Database& database) : database_(database) {}
  FrameTable(const FrameTable&) = delete;
  FrameTable& operator=(const FrameTable&) = delete;

  // Innermost first, never empty.
  const std::vector<Frame>& at(AddressId address);
  // Reads everything at once: cheaper than `at` from some ten thousand addresses on.
  void load_all();
  // All addresses known so far; after load_all, all there are.
  const std::unordered_map<AddressId, std::vector<Frame>>& known() const { return known_; }

 private:
  void read(std::int64_t first, std::int64_t last);
  const std::string& module_path(std::int64_t id);

  capture::Database& database_;
  std::optional<capture::Statement> lookup_;
  std::optional<std::unordered_map<std::int64_t, std::string>> modules_;
  std::unordered_map<AddressId, std::vector<Frame>> known_;
  bool complete_ = false;
};

}  // namespace heapscribe::model
