// The tree of call stacks: a node is "this address, called from that node".
#pragma once

#include <optional>
#include <unordered_map>

#include "analyzer/model/frame_table.h"
#include "analyzer/model/ids.h"
#include "preload/capture/database.h"
#include "preload/capture/stack_chunks.h"

namespace heapscribe::model {

struct StackNode {
  StackId parent;     // the caller; none = outermost
  AddressId address;  // none = the stack was not recorded
};

// Each node is read once. Throws std::runtime_error when a parent's number is not smaller than its
// child's: the recording is damaged, and walks would not end.
class StackTable {
 public:
  explicit StackTable(capture::Database& database) : database_(database) {}
  StackTable(const StackTable&) = delete;
  StackTable& operator=(const StackTable&) = delete;

  StackNode at(StackId id);
  // Reads everything at once: cheaper than `at` from some ten thousand nodes on.
  void load_all();
  // One more than the highest number.
  std::int64_t end();

 private:
  void read_chunk_of(StackId id);
  [[noreturn]] void damaged() const;

  capture::Database& database_;
  std::optional<capture::Statement> lookup_;
  std::unordered_map<StackId, StackNode> known_;  // while only some are needed
  std::vector<capture::StackNode> all_;           // after load_all
};

// Where a site's stack is in the program, and which of its frames is to blame.
struct SiteStack {
  Stack frames;           // innermost first
  std::size_t blame = 0;  // index of the innermost frame that is not an allocation function

  const Frame& blamed() const { return *frames[blame]; }
};

// The frames of `innermost` outwards. `blame_address` and `blame_depth` name the frame to blame as
// table `site` does; the innermost frame if none.
SiteStack site_stack(StackTable& stacks, FrameTable& frames, StackId innermost,
                     AddressId blame_address, std::int64_t blame_depth);

// The frame to blame alone, without the walk outwards.
const Frame& blamed_frame(StackTable& stacks, FrameTable& frames, StackId innermost,
                          AddressId blame_address, std::int64_t blame_depth);

}  // namespace heapscribe::model
