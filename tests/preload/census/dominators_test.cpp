#include "preload/census/dominators.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace heapscribe::census {
namespace {

using Edges = std::vector<std::vector<std::uint32_t>>;

std::vector<std::uint32_t> dominators_of(const Edges& edges) {
  std::vector<std::uint64_t> first = {0};
  std::vector<std::uint32_t> targets;
  for (const auto& of_node : edges) {
    targets.insert(targets.end(), of_node.begin(), of_node.end());
    first.push_back(targets.size());
  }
  std::vector<std::uint32_t> dominator(edges.size());
  std::vector<std::uint32_t> order(edges.size());
  targets.push_back(0);
  const Graph graph{static_cast<std::uint32_t>(edges.size()), first.data(), targets.data()};
  EXPECT_GT(find_dominators(graph, dominator.data(), order.data()), 0U);
  return dominator;
}

std::vector<bool> reached_without(const Edges& edges, std::uint32_t removed) {
  std::vector<bool> reached(edges.size());
  std::vector<std::uint32_t> stack;
  if (removed != 0) stack.push_back(0);
  while (!stack.empty()) {
    const std::uint32_t node = stack.back();
    stack.pop_back();
    if (reached[node]) continue;
    reached[node] = true;
    for (const std::uint32_t target : edges[node]) {
      if (target != removed) stack.push_back(target);
    }
  }
  return reached;
}

// By definition: d dominates n if n cannot be reached without d; the immediate one is dominated by
// all others.
std::vector<std::uint32_t> by_definition(const Edges& edges) {
  const std::size_t nodes = edges.size();
  const std::vector<bool> reachable = reached_without(edges, kNoNode);
  std::vector<std::vector<bool>> dominated(nodes);
  for (std::uint32_t d = 0; d < nodes; ++d) {
    dominated[d] = reached_without(edges, d);
    dominated[d].flip();
  }
  std::vector<std::uint32_t> result(nodes, kNoNode);
  for (std::uint32_t n = 1; n < nodes; ++n) {
    if (!reachable[n]) continue;
    for (std::uint32_t d = 0; d < nodes; ++d) {
      if (d == n || !reachable[d] || !dominated[d][n]) continue;
      if (result[n] == kNoNode || dominated[result[n]][d]) result[n] = d;
    }
  }
  return result;
}

TEST(Dominators, OfAChainAndADiamond) {
  EXPECT_EQ(dominators_of({{1}, {2}, {}}), (std::vector<std::uint32_t>{kNoNode, 0, 1}));
  EXPECT_EQ(dominators_of({{1, 2}, {3}, {3}, {4}, {}}),
            (std::vector<std::uint32_t>{kNoNode, 0, 0, 0, 3}));
}

TEST(Dominators, WhatCannotBeReachedHasNone) {
  EXPECT_EQ(dominators_of({{1}, {}, {1}}), (std::vector<std::uint32_t>{kNoNode, 0, kNoNode}));
}

TEST(Dominators, OfRandomGraphsAreThoseOfTheDefinition) {
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t nodes = 2 + random() % 24;
    Edges edges(nodes);
    for (std::uint32_t i = 0; i < nodes * (1 + random() % 3); ++i) {
      edges[random() % nodes].push_back(random() % nodes);
    }
    EXPECT_EQ(dominators_of(edges), by_definition(edges)) << "round " << round;
  }
}

}  // namespace
}  // namespace heapscribe::census
