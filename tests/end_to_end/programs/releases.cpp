// Blocks that change hands in known numbers: who makes how many, who releases them. argv[1] =
// rounds.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#define NOT_INLINED __attribute__((noinline))

NOT_INLINED void* make_for_others(std::size_t size) {
  void* block = std::malloc(size);
  std::memset(block, 1, size);
  return block;
}

NOT_INLINED void drop_of_others(void* block) {
  std::free(block);
  asm volatile("" ::: "memory");
}

NOT_INLINED void keep_to_myself(std::size_t size) {
  void* block = std::malloc(size);
  std::memset(block, 1, size);
  std::free(block);
  asm volatile("" ::: "memory");
}

// One malloc and three reallocs; the last block goes to drop_of_others.
NOT_INLINED void grow_and_pass_on() {
  void* block = std::malloc(10);
  for (std::size_t size = 1000; size <= 3000; size += 1000) block = std::realloc(block, size);
  drop_of_others(block);
}

struct Thing {
  char bytes[48];
};

NOT_INLINED Thing* make_thing() {
  return new Thing;
}

NOT_INLINED void destroy_thing(Thing* thing) {
  delete thing;
  asm volatile("" ::: "memory");
}

int main(int, char** arguments) {
  const int rounds = std::atoi(arguments[1]);
  std::vector<void*> blocks(static_cast<std::size_t>(rounds));
  for (void*& block : blocks) block = make_for_others(100);
  std::thread([&] {
    for (void* block : blocks) drop_of_others(block);
  }).join();
  for (int round = 0; round < rounds; ++round) {
    keep_to_myself(64);
    grow_and_pass_on();
    destroy_thing(make_thing());
  }
  if (arguments[2] != nullptr) raise(std::atoi(arguments[2]));
}
