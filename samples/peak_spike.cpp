// A program that is small at the start and at the end, and large for a moment in between.
//
// To be found: `heapscribe peak` shows sort_everything_at_once with 6,291,456 bytes (6 blocks of 1
// MiB) and load_table with 1,048,576 bytes (16 blocks of 64 KiB): 7,340,032 bytes at the high-water
// mark. Neither appears among the leaks.
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kTableBlock = 64 << 10;
constexpr std::size_t kSortBlock = 1 << 20;

void* table[16];
void* sorted[6];

void load_table() {
  for (void*& block : table) block = std::malloc(kTableBlock);
}

void sort_everything_at_once() {
  for (void*& block : sorted) block = std::malloc(kSortBlock);
}

void release_sorted() {
  for (void* block : sorted) std::free(block);
}

// Less than the spike, so it is not at the peak although it comes last and is called often.
void answer_queries() {
  for (int i = 0; i < 100; ++i) std::free(std::malloc(1000));
}

void release_table() {
  for (void* block : table) std::free(block);
}

void say(const char* text) {  // without stdio, whose buffer would be part of the peak
  if (write(STDOUT_FILENO, text, std::strlen(text)) < 0) std::abort();
}

}  // namespace

int main() {
  load_table();
  sort_everything_at_once();
  release_sorted();
  answer_queries();
  release_table();
  say("the peak was 7340032 bytes\n");
  return 0;
}
