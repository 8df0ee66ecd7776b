#include "preload/census/dominators.h"

#include "preload/platform/pages.h"

namespace heapscribe::census {
namespace {

// Arrays that live as long as the computation, in one mapping.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : bytes_(bytes), begin_(platform::map_pages(bytes)) {
    next_ = static_cast<char*>(begin_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (begin_ != nullptr) platform::unmap_pages(begin_, bytes_);
  }
  bool exists() const { return begin_ != nullptr; }
  template <typename Item>
  Item* take(std::size_t count) {
    auto* items = reinterpret_cast<Item*>(next_);
    next_ += platform::round_up(count * sizeof(Item), 64);
    return items;
  }

 private:
  std::size_t bytes_;
  void* begin_;
  char* next_;
};

// Everything by number in preorder, where the root has 0.
struct Work {
  std::uint32_t* number;    // by node; kNoNode = not reached
  std::uint32_t* parent;    // in the depth-first tree
  std::uint32_t* ancestor;  // the same, paths compressed
  std::uint32_t* label;     // smallest semi-dominator on the compressed path
  std::uint32_t* semi;
  std::uint32_t* dominator;
};

std::uint32_t number_depth_first(const Graph& graph, const Work& work, std::uint32_t* order,
                                 std::uint32_t* stack, std::uint64_t* position) {
  for (std::uint32_t node = 0; node < graph.nodes; ++node) work.number[node] = kNoNode;
  std::uint32_t reached = 0;
  std::uint32_t depth = 0;
  const auto enter = [&](std::uint32_t node, std::uint32_t parent) {
    work.number[node] = reached;
    work.parent[reached] = parent;
    order[reached++] = node;
    stack[depth] = node;
    position[depth++] = graph.first[node];
  };
  enter(0, 0);
  while (depth > 0) {
    const std::uint32_t node = stack[depth - 1];
    std::uint64_t& next = position[depth - 1];
    if (next == graph.first[node + 1]) {
      --depth;
      continue;
    }
    const std::uint32_t target = graph.targets[next++];
    if (work.number[target] == kNoNode) enter(target, work.number[node]);
  }
  return reached;
}

// The smallest label on the way from `node` up to, without, the first node below `bound`'s part of
// the forest. Nodes with numbers above `bound` are linked.
std::uint32_t evaluate(const Work& work, std::uint32_t node, std::uint32_t bound,
                       std::uint32_t* path) {
  if (node <= bound) return work.label[node];
  std::uint32_t length = 0;
  for (std::uint32_t at = node; work.ancestor[at] > bound; at = work.ancestor[at]) {
    path[length++] = at;
  }
  while (length > 0) {
    const std::uint32_t at = path[--length];
    const std::uint32_t above = work.ancestor[at];
    if (work.label[above] < work.label[at]) work.label[at] = work.label[above];
    work.ancestor[at] = work.ancestor[above];
  }
  return work.label[node];
}

// By number: those of w are of[first[w]] .. of[first[w] + count[w] - 1].
struct Predecessors {
  std::uint64_t* first;  // one more than there are nodes
  std::uint32_t* count;
  std::uint32_t* of;
};

struct Order {
  const std::uint32_t* nodes;
  std::uint32_t reached;
};

template <typename Visit>
void for_each_edge(const Graph& graph, const Work& work, const Order& order, Visit visit) {
  for (std::uint32_t w = 0; w < order.reached; ++w) {
    const std::uint32_t node = order.nodes[w];
    for (std::uint64_t e = graph.first[node]; e < graph.first[node + 1]; ++e) {
      visit(w, work.number[graph.targets[e]]);
    }
  }
}

void collect_predecessors(const Graph& graph, const Work& work, const Order& order,
                          const Predecessors& result) {
  for (std::uint32_t w = 0; w < order.reached; ++w) result.count[w] = 0;
  for_each_edge(graph, work, order,
                [&](std::uint32_t, std::uint32_t target) { ++result.count[target]; });
  std::uint64_t sum = 0;
  for (std::uint32_t w = 0; w < order.reached; ++w) {
    result.first[w] = sum;
    sum += result.count[w];
    result.count[w] = 0;
  }
  for_each_edge(graph, work, order, [&](std::uint32_t w, std::uint32_t target) {
    result.of[result.first[target] + result.count[target]++] = w;
  });
}

}  // namespace

std::uint32_t find_dominators(const Graph& graph, std::uint32_t* dominator, std::uint32_t* order) {
  const std::size_t n = graph.nodes;
  const std::uint64_t edges = graph.first[n];
  Scratch scratch(n * (9 * sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t)) +
                  edges * sizeof(std::uint32_t) + std::size_t{64} * 16);
  if (!scratch.exists()) return 0;
  const auto take = [&] { return scratch.take<std::uint32_t>(n); };
  const Work work{take(), take(), take(), take(), take(), take()};
  std::uint32_t* stack = take();
  auto* position = scratch.take<std::uint64_t>(n + 1);
  const std::uint32_t reached = number_depth_first(graph, work, order, stack, position);

  auto* predecessors = scratch.take<std::uint32_t>(edges);
  auto* count = scratch.take<std::uint32_t>(n);
  std::uint64_t* first = position;
  collect_predecessors(graph, work, {order, reached}, {first, count, predecessors});

  for (std::uint32_t w = 0; w < reached; ++w) {
    work.ancestor[w] = work.parent[w];
    work.label[w] = w;
    work.semi[w] = w;
  }
  for (std::uint32_t w = reached; w-- > 1;) {
    std::uint32_t semi = work.parent[w];
    for (std::uint64_t p = first[w]; p < first[w] + count[w]; ++p) {
      const std::uint32_t label = evaluate(work, predecessors[p], w, stack);
      if (label < semi) semi = label;
    }
    work.semi[w] = semi;
    work.label[w] = semi;
  }
  work.dominator[0] = 0;
  for (std::uint32_t w = 1; w < reached; ++w) {
    std::uint32_t d = work.parent[w];
    while (d > work.semi[w]) d = work.dominator[d];
    work.dominator[w] = d;
  }
  for (std::size_t node = 0; node < n; ++node) {
    const std::uint32_t number = work.number[node];
    dominator[node] = number == kNoNode || number == 0 ? kNoNode : order[work.dominator[number]];
  }
  return reached;
}

}  // namespace heapscribe::census
