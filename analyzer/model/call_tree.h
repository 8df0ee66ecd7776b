// Sites folded into a tree of functions, read as far as somebody looks.
//
//   top-down   from main to the allocations
//   bottom-up  from the functions to blame to their callers
//
// Equal functions under one parent are one node, wherever the call stands. Inlined calls are nodes
// like others.
#pragma once

#include <memory>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::model {

class CallTree {
 public:
  // One address (or one inlined call in it) on the way of a stack through a node.
  struct Place {
    std::int64_t row = 0;   // whatever the tree counts by: a stack node, a site
    StackId stack;          // the stack node whose frames these are
    std::size_t frame = 0;  // index into the frames of its address
  };
  struct Node {
    const Frame* frame = nullptr;  // function, and file and line of its first place
    Measures totals;
    std::vector<Place> places;
  };

  virtual ~CallTree() = default;
  // Unordered.
  virtual std::vector<Node> roots() = 0;
  virtual std::vector<Node> children(const Node& node) = 0;
};

// select_sites() must have been called.
std::unique_ptr<CallTree> top_down_tree(CaptureReader& reader);
std::unique_ptr<CallTree> bottom_up_tree(CaptureReader& reader);

}  // namespace heapscribe::model
