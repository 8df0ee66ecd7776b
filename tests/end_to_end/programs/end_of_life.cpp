// Allocates where libraries are easily asleep: thread-local destructors, four rounds of
// pthread_key destructors, exit handlers and static destructors, in 3000 threads.
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

namespace {

constexpr int kThreads = 3000;

std::atomic<long> thread_local_destructors;
std::atomic<long> key_destructors;
pthread_key_t key;

struct AllocatesWhenDestroyed {
  ~AllocatesWhenDestroyed() {
    ++thread_local_destructors;
    std::string text(100, 'x');
    text += std::string(1000, 'y');
  }
};
thread_local AllocatesWhenDestroyed late;
thread_local std::unique_ptr<std::string> held;

struct AllocatesAtTheEnd {
  ~AllocatesAtTheEnd() {
    auto* leaked = new char[123];
    leaked[0] = 1;
    void* block = std::malloc(50);
    block = std::realloc(block, 5000);
    std::free(block);
  }
};
AllocatesAtTheEnd at_the_end;  // NOLINT: the destructor is the point

// Comes back until the system gives up, after PTHREAD_DESTRUCTOR_ITERATIONS = 4 rounds.
void come_back(void* block) {
  ++key_destructors;
  std::free(block);
  pthread_setspecific(key, std::malloc(60));
}

void live_and_die() {
  (void)&late;  // constructs it
  held = std::make_unique<std::string>(200, 'z');
  pthread_setspecific(key, std::malloc(60));
}

void at_exit_handler() {
  std::free(std::malloc(10));
}

}  // namespace

int main() {
  pthread_key_create(&key, come_back);
  for (int i = 0; i < 100; ++i) std::atexit(at_exit_handler);
  for (int i = 0; i < kThreads; i += 3) {
    std::thread first(live_and_die);
    std::thread second(live_and_die);
    std::thread third(live_and_die);
    first.join();
    second.join();
    third.join();
  }
  std::printf("%ld thread-local and %ld key destructors\n", thread_local_destructors.load(),
              key_destructors.load());
  return 0;
}
