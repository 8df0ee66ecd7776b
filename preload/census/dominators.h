// Who retains what: the dominator tree of a graph, in a few arrays.
//
// d dominates n if every way from the root to n passes d: when d goes, n goes. Computed by semi-NCA
// (L. Georgiadis, R. E. Tarjan, R. F. Werneck, "Finding dominators in practice", JGAA 10, 2006).
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapscribe::census {

inline constexpr std::uint32_t kNoNode = ~std::uint32_t{0};

// Nodes 0..nodes-1; the edges of node n are targets[first[n]] .. targets[first[n + 1] - 1]. All
// arrays belong to the caller.
struct Graph {
  std::uint32_t nodes;
  const std::uint64_t* first;  // nodes + 1 of them
  const std::uint32_t* targets;
};

// Fills `dominator` (nodes entries) with the immediate dominator of every node that can be reached
// from node 0; kNoNode for node 0 and for nodes that cannot. Fills `order` with the reached nodes
// in preorder and returns their number: dominators come before whom they dominate. 0 without
// memory.
std::uint32_t find_dominators(const Graph& graph, std::uint32_t* dominator, std::uint32_t* order);

}  // namespace heapscribe::census
