// The C++ half of a C program: loaded with RTLD_LOCAL, it brings libstdc++ with it. Its exceptions
// must be caught by its own handlers whoever serves its operator new.
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

int build_strings() {
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.emplace_back(static_cast<std::size_t>(i), 'p');
  return static_cast<int>(texts.size());
}

bool catches_bad_alloc() {
  try {
    volatile std::size_t size = static_cast<std::size_t>(-1) / 4;
    ::operator delete(::operator new(size));
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

bool catches_length_error() {
  try {
    std::vector<int> numbers;
    volatile std::size_t size = numbers.max_size();
    numbers.reserve(size + 1);
  } catch (const std::length_error&) {
    return true;
  }
  return false;
}

int handler_calls = 0;
void count_and_stop() {
  ++handler_calls;
  std::set_new_handler(nullptr);
}

}  // namespace

extern "C" void use_cpp_plugin() {
  std::printf("strings %d\n", build_strings());
  std::printf("bad_alloc caught %d\n", catches_bad_alloc() ? 1 : 0);
  std::printf("length_error caught %d\n", catches_length_error() ? 1 : 0);
  std::set_new_handler(count_and_stop);
  std::printf("bad_alloc caught %d\n", catches_bad_alloc() ? 1 : 0);
  std::printf("handler calls %d\n", handler_calls);
}
