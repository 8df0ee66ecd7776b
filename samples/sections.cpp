// A service that tells heapscribe what it is doing: requests are read, parsed and answered.
//
// To be found: `heapscribe sections` shows that "parse" within "request" takes 3 allocations a
// request and keeps none, and that "answer" keeps one of 500 bytes each: 1000 requests, 500,000
// bytes alive. `heapscribe hotspots --section parse` names copy_field. Without heapscribe the
// program is the same.
#include <heapscribe/heapscribe.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

char* copy_field(const char* text) {
  auto* copy = static_cast<char*>(std::malloc(std::strlen(text) + 1));
  std::strcpy(copy, text);
  return copy;
}

std::size_t parse(const char* const* fields) {
  const heapscribe::Section section("parse");
  std::size_t length = 0;
  for (int i = 0; i < 3; ++i) {
    char* copy = copy_field(fields[i]);
    length += std::strlen(copy);
    std::free(copy);
  }
  return length;
}

void answer(std::vector<void*>& kept) {
  const heapscribe::Section section("answer");
  kept.push_back(std::malloc(500));
}

}  // namespace

int main() {
  const char* const fields[] = {"name", "value", "end"};
  std::vector<void*> kept;
  kept.reserve(1000);
  std::size_t length = 0;
  heapscribe_marker("first request");
  for (int request = 0; request < 1000; ++request) {
    const heapscribe::Section section("request");
    length += parse(fields);
    answer(kept);
    if (request == 499) heapscribe_snapshot("half");
  }
  std::printf("%zu requests answered, %zu characters\n", kept.size(), length);
  return 0;
}
