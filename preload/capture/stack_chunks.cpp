#include "preload/capture/stack_chunks.h"

#include <charconv>
#include <limits>

#include "preload/capture/numbers.h"

namespace heapscribe::capture {
namespace {

// Reads a chunk's text from left to right; after the first surprise it only says no.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool next_is(char letter) const { return at_ != end_ && *at_ == letter; }
  bool skip(char letter) {
    if (!next_is(letter)) return false;
    ++at_;
    return true;
  }
  bool number(std::uint32_t& value) {
    const auto [rest, error] = std::from_chars(at_, end_, value);
    at_ = rest;
    return error == std::errc{};
  }
  bool at_end() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

// "address" or "[parent,address]"
bool scan_node(Scanner& scanner, std::uint64_t id, StackNode& node) {
  if (!scanner.next_is('[')) {
    node.parent = static_cast<std::uint32_t>(id - 1);
    return scanner.number(node.address);
  }
  return scanner.skip('[') && scanner.number(node.parent) && scanner.skip(',') &&
         scanner.number(node.address) && scanner.skip(']');
}

[[noreturn]] void damaged(const Database& database) {
  throw DatabaseError("'" + database.path() + "' is damaged: its stacks do not form a tree",
                      SQLITE_CORRUPT);
}

}  // namespace

std::string pack_stacks(std::uint64_t first, std::span<const StackNode> nodes) {
  std::string text = "[";
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    const StackNode& node = nodes[index];
    const bool follows = node.parent != 0 && node.parent == first + index - 1;
    if (!follows) {
      text += '[';
      append_number(text, node.parent);
      text += ',';
    }
    append_number(text, node.address);
    text += follows ? "," : "],";
  }
  if (!nodes.empty()) text.pop_back();
  return text + ']';
}

bool unpack_stacks(std::uint64_t first, std::string_view text, std::vector<StackNode>& nodes) {
  Scanner scanner(text);
  if (!scanner.skip('[')) return false;
  for (std::uint64_t id = first;; ++id) {
    StackNode& node = nodes.emplace_back();
    if (id > std::numeric_limits<std::uint32_t>::max() || !scan_node(scanner, id, node) ||
        node.parent >= id) {
      return false;
    }
    if (!scanner.skip(',')) return scanner.skip(']') && scanner.at_end();
  }
}

std::vector<StackNode> read_stacks(Database& database) {
  std::vector<StackNode> nodes(1);
  Statement chunks = database.prepare("SELECT id, nodes FROM stack_chunk ORDER BY id");
  while (chunks.step()) {
    const bool next = chunks.integer(0) == static_cast<std::int64_t>(nodes.size());
    if (!next || !unpack_stacks(nodes.size(), chunks.text(1), nodes)) damaged(database);
  }
  return nodes;
}

}  // namespace heapscribe::capture
