// Every form of operator new and delete, with failure, new_handler and bad_alloc. One line each.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <new>

namespace {

constexpr std::size_t kHuge = static_cast<std::size_t>(PTRDIFF_MAX);
constexpr std::align_val_t kAlignment{128};
int handler_calls = 0;

int is_aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0 ? 1 : 0;
}

void show(const char* what, const void* block, std::size_t alignment) {
  std::printf("%s: %s aligned %d\n", what, block != nullptr ? "block" : "null",
              is_aligned(block, alignment));
}

void plain_forms(std::size_t size) {
  void* block = ::operator new(size);
  show("new", block, 16);
  ::operator delete(block);
  block = ::operator new(size);
  ::operator delete(block, size);
  block = ::operator new[](size);
  show("new[]", block, 16);
  ::operator delete[](block);
  block = ::operator new[](size);
  ::operator delete[](block, size);
}

void nothrow_forms(std::size_t size) {
  void* block = ::operator new(size, std::nothrow);
  show("new nothrow", block, 16);
  ::operator delete(block, std::nothrow);
  block = ::operator new[](size, std::nothrow);
  show("new[] nothrow", block, 16);
  ::operator delete[](block, std::nothrow);
}

void aligned_forms(std::size_t size) {
  void* block = ::operator new(size, kAlignment);
  show("new aligned", block, 128);
  ::operator delete(block, kAlignment);
  block = ::operator new(size, kAlignment);
  ::operator delete(block, size, kAlignment);
  block = ::operator new[](size, kAlignment);
  show("new[] aligned", block, 128);
  ::operator delete[](block, kAlignment);
  block = ::operator new[](size, kAlignment);
  ::operator delete[](block, size, kAlignment);
  block = ::operator new(size, kAlignment, std::nothrow);
  show("new aligned nothrow", block, 128);
  ::operator delete(block, kAlignment, std::nothrow);
  block = ::operator new[](size, kAlignment, std::nothrow);
  show("new[] aligned nothrow", block, 128);
  ::operator delete[](block, kAlignment, std::nothrow);
}

template <typename Allocate>
void expect_bad_alloc(const char* what, Allocate allocate) {
  try {
    void* block = allocate();
    std::printf("%s: %s\n", what, block != nullptr ? "block?" : "null");
  } catch (const std::bad_alloc& error) {
    std::printf("%s: %s\n", what, error.what());
  }
}

void failing_forms() {
  expect_bad_alloc("huge new", [] { return ::operator new(kHuge); });
  expect_bad_alloc("huge new[]", [] { return ::operator new[](kHuge); });
  expect_bad_alloc("huge new aligned", [] { return ::operator new(kHuge, kAlignment); });
  expect_bad_alloc("huge new[] aligned", [] { return ::operator new[](kHuge, kAlignment); });
  expect_bad_alloc("huge new nothrow", [] { return ::operator new(kHuge, std::nothrow); });
  expect_bad_alloc("huge new[] nothrow", [] { return ::operator new[](kHuge, std::nothrow); });
  expect_bad_alloc("huge new aligned nothrow",
                   [] { return ::operator new(kHuge, kAlignment, std::nothrow); });
  expect_bad_alloc("huge new[] aligned nothrow",
                   [] { return ::operator new[](kHuge, kAlignment, std::nothrow); });
  volatile std::size_t count = std::numeric_limits<std::size_t>::max() / 2;
  expect_bad_alloc("array length", [&] { return static_cast<void*>(new long[count]); });
}

void give_up_at_third_call() {
  if (++handler_calls % 3 == 0) std::set_new_handler(nullptr);
}

struct OwnError : std::bad_alloc {
  const char* what() const noexcept override { return "thrown by the handler"; }
};
void throw_own_error() {
  throw OwnError();
}

void handlers() {
  std::set_new_handler(give_up_at_third_call);
  expect_bad_alloc("with handler", [] { return ::operator new(kHuge); });
  std::printf("handler calls %d\n", handler_calls);
  std::set_new_handler(give_up_at_third_call);
  expect_bad_alloc("nothrow with handler", [] { return ::operator new(kHuge, std::nothrow); });
  std::printf("handler calls %d\n", handler_calls);
  std::set_new_handler(give_up_at_third_call);
  expect_bad_alloc("aligned with handler", [] { return ::operator new(kHuge, kAlignment); });
  std::printf("handler calls %d\n", handler_calls);
  std::set_new_handler(throw_own_error);
  expect_bad_alloc("throwing handler", [] { return ::operator new(kHuge); });
  expect_bad_alloc("throwing handler nothrow", [] { return ::operator new(kHuge, std::nothrow); });
  std::set_new_handler(nullptr);
}

struct FailsToConstruct {
  explicit FailsToConstruct(int value) { throw value; }
  char room[500];
};

void throwing_constructor() {
  for (int i = 0; i < 100; ++i) {
    try {
      const auto* unused = new FailsToConstruct(i);
      std::printf("constructed %p?\n", static_cast<const void*>(unused));
    } catch (int value) {
      if (value != i) std::printf("wrong value %d\n", value);
    }
  }
}

// What malloc gave, delete may not take; but what new gave, glibc programs do free.
void mixed_release() {
  std::free(::operator new(64));
  ::operator delete(std::malloc(64));
  ::operator delete(nullptr);
  ::operator delete[](nullptr, 10);
}

}  // namespace

int main() {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}}) {
    std::printf("size %zu\n", size);
    plain_forms(size);
    nothrow_forms(size);
    aligned_forms(size);
  }
  failing_forms();
  handlers();
  throwing_constructor();
  mixed_release();
  errno = 4242;
  ::operator delete(::operator new(100));
  std::printf("errno %d\n", errno);
  return 0;
}
