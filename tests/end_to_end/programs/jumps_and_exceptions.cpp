// 20,000 times up and down the stack by exceptions, rethrown ones and longjmp, allocating all the
// way. A profiler with a shadow stack loses its place here.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

constexpr int kRounds = 20000;
std::jmp_buf landing;

void leave() {
  std::longjmp(landing, 1);
}
void (*volatile leave_by)() = leave;  // so that the compiler cannot know that it never returns

void descend_and_throw(int depth) {
  const std::string room(static_cast<std::size_t>(depth) + 30, 'x');
  if (depth == 0) throw std::runtime_error("thrown with a message that needs memory: " + room);
  descend_and_throw(depth - 1);
}

void catch_and_rethrow(int depth) {
  try {
    descend_and_throw(depth);
  } catch (const std::exception&) {
    const std::string while_handling(100, 'y');
    throw;
  }
}

// Only plain data on the way: longjmp over destructors is undefined.
void descend_and_jump(int depth) {
  void* block = std::malloc(40);
  std::free(block);
  if (depth == 0) return leave_by();
  descend_and_jump(depth - 1);
  std::free(std::malloc(1));  // never reached, but keeps the frame
}

int throw_once(int round) {
  try {
    catch_and_rethrow(round % 20);
  } catch (const std::runtime_error&) {
    return 1;
  }
  return 0;
}

int jump_once(int round) {
  if (setjmp(landing) != 0) return 1;
  descend_and_jump(round % 20);
  return 0;
}

}  // namespace

int main() {
  int caught = 0;
  int landed = 0;
  for (int round = 0; round < kRounds; ++round) {
    if (round % 2 == 0) {
      caught += throw_once(round);
    } else {
      landed += jump_once(round);
    }
  }
  std::printf("%d caught, %d landed\n", caught, landed);
  return 0;
}
