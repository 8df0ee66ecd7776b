// A program with its own operator new and delete, which count and then use malloc. They must stay
// in use, and what they take from malloc must be seen.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace {
long news = 0;
long deletes = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++news;
  if (void* block = std::malloc(size + 16)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  if (block != nullptr) ++deletes;
  std::free(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}

int main() {
  {
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) texts.emplace_back(100, 'x');
  }
  std::printf("%ld news, %ld deletes of its own\n", news, deletes);
  return 0;
}
