// Forked children release, resize and measure what their parent allocated. One line for each child.
#include <malloc.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>

namespace {

constexpr std::size_t kSizes[] = {1, 24, 1000, 20000, 300000};
constexpr std::align_val_t kAlignment{128};

bool is_filled(const char* block, std::size_t size, char with) {
  for (std::size_t i = 0; i < size; ++i) {
    if (block[i] != with) return false;
  }
  return true;
}

char* filled(void* block, std::size_t size) {
  return static_cast<char*>(std::memset(block, 'p', size));
}

// Each returns 0 if all is well. They run in the child, on a block that the parent has filled.
int release(char* block, std::size_t) {
  std::free(block);
  return 0;
}

int measure(char* block, std::size_t size) {
  if (malloc_usable_size(block) < size) return 1;
  std::memset(block, 'c', malloc_usable_size(block));
  std::free(block);
  return 0;
}

int grow(char* block, std::size_t size) {
  char* larger = static_cast<char*>(std::realloc(block, size * 5));
  if (larger == nullptr || !is_filled(larger, size, 'p')) return 1;
  std::memset(larger, 'c', size * 5);
  char* again = static_cast<char*>(std::realloc(larger, size * 10));
  if (again == nullptr || !is_filled(again, size * 5, 'c')) return 2;
  std::free(again);
  return 0;
}

int shrink(char* block, std::size_t size) {
  const std::size_t less = size / 7 + 1;
  char* smaller = static_cast<char*>(std::realloc(block, less));
  if (smaller == nullptr || !is_filled(smaller, less, 'p')) return 1;
  std::free(smaller);
  return 0;
}

int resize_to_nothing(char* block, std::size_t) {
  return std::realloc(block, 0) == nullptr ? 0 : 1;
}

// The child's own blocks must not lie in those it has inherited.
int release_and_go_on(char* block, std::size_t size) {
  std::free(block);
  for (int i = 0; i < 1000; ++i) {
    char* mine = filled(std::malloc(size), size);
    char* other = static_cast<char*>(std::calloc(1, size));
    if (!is_filled(mine, size, 'p') || !is_filled(other, size, 0)) return 1;
    std::free(mine);
    std::free(other);
  }
  return 0;
}

int release_in_grandchild(char* block, std::size_t size) {
  const pid_t child = fork();
  if (child == 0) _exit(grow(block, size));
  int status = 0;
  waitpid(child, &status, 0);
  std::free(block);
  return status;
}

using Fork = pid_t (*)();
pid_t raw_fork() {
  return static_cast<pid_t>(syscall(SYS_fork));
}

template <typename Allocate, typename Use>
void in_child(const char* what, Fork make_child, Allocate allocate, Use use) {
  for (const std::size_t size : kSizes) {
    char* block = filled(allocate(size), size);
    const pid_t child = make_child();
    if (child == 0) _exit(use(block, size));
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("%s %zu: status %#x, parent's block is %s\n", what, size, status,
                is_filled(block, size, 'p') ? "whole" : "damaged");
  }
}

void malloc_family(const char* how, Fork make_child) {
  std::printf("%s\n", how);
  const auto allocate = [](std::size_t size) { return std::malloc(size); };
  in_child("free", make_child, allocate, release);
  in_child("malloc_usable_size", make_child, allocate, measure);
  in_child("realloc to more", make_child, allocate, grow);
  in_child("realloc to less", make_child, allocate, shrink);
  in_child("realloc to 0", make_child, allocate, resize_to_nothing);
  in_child("free and more", make_child, allocate, release_and_go_on);
  in_child("grandchild", make_child, allocate, release_in_grandchild);
  in_child(
      "aligned", make_child, [](std::size_t size) { return memalign(256, size); }, grow);
}

void operators() {
  in_child(
      "delete", fork, [](std::size_t size) { return ::operator new(size); },
      [](char* block, std::size_t) { return ::operator delete(block), 0; });
  in_child(
      "delete sized", fork, [](std::size_t size) { return ::operator new(size); },
      [](char* block, std::size_t size) { return ::operator delete(block, size), 0; });
  in_child(
      "delete[]", fork, [](std::size_t size) { return ::operator new[](size); },
      [](char* block, std::size_t) { return ::operator delete[](block), 0; });
  in_child(
      "delete[] sized", fork, [](std::size_t size) { return ::operator new[](size); },
      [](char* block, std::size_t size) { return ::operator delete[](block, size), 0; });
  in_child(
      "delete nothrow", fork, [](std::size_t size) { return ::operator new(size, std::nothrow); },
      [](char* block, std::size_t) { return ::operator delete(block, std::nothrow), 0; });
  in_child(
      "delete aligned", fork, [](std::size_t size) { return ::operator new(size, kAlignment); },
      [](char* block, std::size_t) { return ::operator delete(block, kAlignment), 0; });
  in_child(
      "delete[] sized aligned", fork,
      [](std::size_t size) { return ::operator new[](size, kAlignment); },
      [](char* block, std::size_t size) {
        return ::operator delete[](block, size, kAlignment), 0;
      });
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  malloc_family("fork", fork);
  malloc_family("raw fork", raw_fork);
  operators();
  return 0;
}
