// Trees that threads build and drop, with the time that each drop took by the program's own clock:
//   pauses THREADS ROUNDS BLOCKS [SIGNAL]
// A line for each drop: thread, nanoseconds, CPU nanoseconds. With a signal, the process ends
// itself by it right after the last drop, while nothing was allocated since.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

struct Node {
  Node* next;
  char rest[40];
};

int rounds;
int blocks;

long now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Node* build_list() {
  Node* first = nullptr;
  for (int i = 0; i < blocks; ++i) {
    Node* node = static_cast<Node*>(std::malloc(sizeof(Node)));
    node->next = first;
    first = node;
  }
  return first;
}

void drop_list(Node* first) {
  while (first != nullptr) {
    Node* next = first->next;
    std::free(first);
    first = next;
  }
}

struct Drop {
  long ns, cpu_ns;
};

void* work(void* drops) {
  for (int round = 0; round < rounds; ++round) {
    Node* list = build_list();
    const long begin = now(CLOCK_MONOTONIC);
    const long cpu = now(CLOCK_THREAD_CPUTIME_ID);
    drop_list(list);
    static_cast<Drop*>(drops)[round] = {now(CLOCK_MONOTONIC) - begin,
                                        now(CLOCK_THREAD_CPUTIME_ID) - cpu};
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int threads = std::atoi(argv[1]);
  rounds = std::atoi(argv[2]);
  blocks = std::atoi(argv[3]);
  static Drop drops[64][64];
  static pthread_t others[64];
  if (threads < 1 || threads > 64 || rounds > 64) return 2;
  static char line[64];
  for (int i = 1; i < threads; ++i) pthread_create(&others[i], nullptr, work, drops[i]);
  work(drops[0]);
  for (int i = 1; i < threads; ++i) pthread_join(others[i], nullptr);
  for (int i = 0; i < threads; ++i) {
    for (int round = 0; round < rounds; ++round) {
      const int length = std::snprintf(line, sizeof line, "%d %ld %ld\n", i, drops[i][round].ns,
                                       drops[i][round].cpu_ns);
      if (write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) < 0) return 1;
    }
  }
  if (argc > 4) raise(std::atoi(argv[4]));
  return 0;
}
