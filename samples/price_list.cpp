// A basket of ten articles is counted 100 times.
//
// To be found: `heapscribe check` with a baseline of price_list_before
//   fails for price_list_slower: 1,000 more allocations in PriceIndex<>::find, below
//   Basket<>::total; passes for price_list_moved, whose lines are others; passes for
//   price_list_faster and proposes to keep the 1,000 allocations less in Basket<>::label_of.
#include "price_list.h"

#include <cstdio>

namespace {

std::string article(int number) {
  return "article number " + std::to_string(1000 + number);
}

}  // namespace

int main() {
  shop::PriceIndex<long> index;
  shop::Basket<long> basket(index);
  for (int number = 0; number < 10; ++number) {
    index.add(article(number), 100 + number);
    basket.put(article(number));
  }
  long sum = 0;
  for (int round = 0; round < 100; ++round) sum += basket.total();
  std::printf("100 baskets cost %ld\n", sum);
  return 0;
}
