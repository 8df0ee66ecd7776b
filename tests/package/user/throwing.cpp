// Failures that throw, as for another framework: throwing --gtest_throw_on_failure. Prints how each
// block ended.
#include <heapscribe/gtest.h>

#include <cstdio>
#include <stdexcept>

namespace {

void* volatile kept = nullptr;

void leak() {
  kept = ::operator new(123);
}

void fall_through() {
  HEAPSCRIBE_EXPECT_NO_LEAK leak();
}

void leave_by_return() {
  HEAPSCRIBE_EXPECT_NO_LEAK {
    leak();
    return;
  }
}

void leave_by_an_exception() {
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(0) {
    throw std::invalid_argument("its own");
  }
}

void say(const char* name, void (*way)()) {
  try {
    way();
    std::printf("%s: nothing\n", name);
  } catch (const std::invalid_argument& thrown) {
    std::printf("%s: %s\n", name, thrown.what());
  } catch (const std::runtime_error&) {
    std::printf("%s: a failure\n", name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  say("fall through", fall_through);
  say("return", leave_by_return);
  say("exception", leave_by_an_exception);
  return 0;
}
