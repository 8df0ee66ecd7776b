// Wants more than it may have, in every way there is to ask, and says what it got.
//
// usage: budgets every-way | threads | new | abort-handler | refused-only
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kMuch = std::size_t{1} << 20;

const char* outcome(const void* block) {
  return block != nullptr ? "served" : errno == ENOMEM ? "refused" : "failed oddly";
}

// One call of each kind; errno tells of this call alone.
template <typename Call>
void say(const char* name, Call call) {
  errno = 0;
  void* block = call();
  std::printf("%s %s\n", name, outcome(block));
  std::free(block);
}

void every_way() {
  say("malloc", [] { return std::malloc(kMuch); });
  say("calloc", [] { return std::calloc(kMuch, 1); });
  say("aligned_alloc", [] { return std::aligned_alloc(64, kMuch); });
  void* block = nullptr;
  const int status = posix_memalign(&block, 64, kMuch);
  std::printf("posix_memalign %s\n", status == ENOMEM ? "refused" : "served");
  std::free(block);
  auto* text = static_cast<char*>(std::malloc(6));
  std::strcpy(text, "kept");
  errno = 0;
  void* grown = std::realloc(text, kMuch);
  std::printf("realloc %s, %s\n", outcome(grown), static_cast<char*>(grown ? grown : text));
  std::free(grown != nullptr ? grown : text);
  std::printf("nothrow new %s\n", new (std::nothrow) char[kMuch] == nullptr ? "refused" : "served");
  try {
    std::printf("new %s\n", ::operator new(kMuch) != nullptr ? "served" : "?");
  } catch (const std::bad_alloc&) {
    std::printf("new refused\n");
  }
  say("small malloc", [] { return std::malloc(10); });
}

// Not through malloc, where the allocator has an operator new of its own.
void only_new() {
  delete[] new char[kMuch];
}

void allocate_and_tell(int) {
  std::free(std::malloc(2 * kMuch));
  std::free(std::malloc(10));
  constexpr char kText[] = "the handler ran\n";
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kText, sizeof kText - 1);
}

void abort_handler() {
  std::signal(SIGABRT, allocate_and_tell);
  std::free(std::malloc(kMuch));
}

[[gnu::noinline]] bool never_served() {
  void* block = std::malloc(kMuch);
  std::free(block);
  return block != nullptr;
}

// For half a second, while the recording is written.
void refused_only() {
  bool served = false;
  for (int round = 0; round < 50; ++round) {
    served = never_served() || served;
    std::free(std::malloc(100));
    usleep(10'000);
  }
  std::printf("%s\n", served ? "served" : "refused");
}

// Eight threads hold what they can get.
void threads() {
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i) {
    workers.emplace_back([] {
      for (int round = 0; round < 2000; ++round) {
        void* blocks[100] = {};
        for (void*& block : blocks) block = std::malloc(1000);
        for (void* block : blocks) std::free(block);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

int main(int, char** arguments) {
  // Its buffer would be a block more.
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  if (std::strcmp(arguments[1], "every-way") == 0) every_way();
  if (std::strcmp(arguments[1], "threads") == 0) threads();
  if (std::strcmp(arguments[1], "new") == 0) only_new();
  if (std::strcmp(arguments[1], "abort-handler") == 0) abort_handler();
  if (std::strcmp(arguments[1], "refused-only") == 0) refused_only();
  return 0;
}
