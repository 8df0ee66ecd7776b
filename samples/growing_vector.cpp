// The same list of a million numbers built twice: by growing, and with its size said beforehand.
//
// To be found: `heapscribe hotspots` shows collect_by_growing with 21 allocations and 8,388,604
// bytes, twice what the list needs at the end and more; collect_reserved has one allocation of
// 4,000,000 bytes; grow_buffer shows the same by realloc: 12 reallocations from 1 KB to 4 MB.
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int kNumbers = 1000000;

int collect_by_growing() {
  std::vector<int> numbers;
  for (int i = 0; i < kNumbers; ++i) numbers.push_back(i);
  return numbers.back();
}

int collect_reserved() {
  std::vector<int> numbers;
  numbers.reserve(kNumbers);
  for (int i = 0; i < kNumbers; ++i) numbers.push_back(i);
  return numbers.back();
}

std::size_t grow_buffer() {
  std::size_t size = 1024;
  void* buffer = std::malloc(size);
  while (size < (std::size_t{4} << 20)) {
    size *= 2;
    buffer = std::realloc(buffer, size);
  }
  std::free(buffer);
  return size;
}

}  // namespace

int main() {
  const int last = collect_by_growing();
  const int same = collect_reserved();
  std::printf("last number %d twice: %s; buffer of %zu bytes\n", last, last == same ? "yes" : "no",
              grow_buffer());
  return 0;
}
