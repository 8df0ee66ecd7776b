// A known chain of calls with an inlined function in it. The test reads the marked lines from this
// file, so code may move but the marks must stay.
#include <cstdio>
#include <cstdlib>

#define NOT_INLINED __attribute__((noinline, noclone))
#define INLINED __attribute__((always_inline)) inline

namespace chain {

void* kept[8];

struct Parser {
  NOT_INLINED void* allocate_leaf(std::size_t size) {
    void* block = std::malloc(size);  // LINE leaf
    asm volatile("" : : "r"(block));
    return block;
  }
};

INLINED void* inlined_step(Parser& parser, std::size_t size) {
  void* block = parser.allocate_leaf(size);  // LINE inlined
  asm volatile("" : : "r"(block));
  return block;
}

template <typename Number>
NOT_INLINED void* middle_step(Number size) {
  Parser parser;
  void* block = inlined_step(parser, static_cast<std::size_t>(size));  // LINE middle
  asm volatile("" : : "r"(block));
  return block;
}

NOT_INLINED void* outer_request(int number) {
  void* block = middle_step(4096L + number - number);  // LINE outer
  asm volatile("" : : "r"(block));
  return block;
}

NOT_INLINED int* new_leaf() {
  int* numbers = new int[100];  // LINE new
  asm volatile("" : : "r"(numbers));
  return numbers;
}

NOT_INLINED void churn() {
  for (int i = 0; i < 50; ++i) {
    void* block = std::malloc(10);  // LINE churn
    std::free(block);
  }
}

}  // namespace chain

int main() {
  for (int i = 0; i < 7; ++i) chain::kept[i] = chain::outer_request(i);  // LINE main
  const int* numbers = chain::new_leaf();
  std::free(chain::kept[0]);
  chain::churn();
  std::puts("chained");
  delete[] numbers;
  return 0;
}
