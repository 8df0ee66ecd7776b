// heapscribe.h from C++ and many threads.
//
// THREADS threads enter "work" ROUNDS times each, allocate 3 blocks of 64 bytes there and one of 32
// in "detail" within it, and keep the last; others free what one of them kept. Half of the threads
// end inside a section. A request goes from thread to thread. Afterwards a thread that inherits
// what those left allocates 5 blocks of 500 bytes in no section.
//
// usage: api_from_threads THREADS ROUNDS
#include <cstdlib>
#include <thread>
#include <vector>

#include "heapscribe/heapscribe.h"

namespace {

struct Task {
  std::vector<void*> kept;
};

void work(Task& task, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const heapscribe::Section section("work");
    for (int i = 0; i < 3; ++i) std::free(std::malloc(64));
    const heapscribe::Section inner("detail");
    task.kept[static_cast<std::size_t>(round)] = std::malloc(32);
  }
}

void run_threads(std::vector<Task>& tasks, int rounds) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    threads.emplace_back([&, i] {
      work(tasks[i], rounds);
      if (i % 2 == 0) return;
      heapscribe_section_begin("ends here");
      std::free(std::malloc(10));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Opened here, worked on by two threads in turn, closed by the last.
void pass_request() {
  heapscribe::OpenSection request("request");
  void* block = nullptr;
  std::thread([&] {
    const heapscribe::Section section(request.get());
    block = std::malloc(1000);
  }).join();
  std::thread([&block, request = std::move(request)] {
    {
      const heapscribe::Section section(request.get());
      std::free(std::malloc(2000));
    }
    std::free(block);
  }).join();
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 4;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 100;
  std::vector<Task> tasks(static_cast<std::size_t>(count));
  for (Task& task : tasks) task.kept.resize(static_cast<std::size_t>(rounds));
  run_threads(tasks, rounds);
  std::thread([&tasks] {
    for (void* block : tasks[0].kept) std::free(block);
  }).join();
  pass_request();
  std::thread([] {
    for (int i = 0; i < 5; ++i) std::free(std::malloc(500));
  }).join();
  return 0;
}
