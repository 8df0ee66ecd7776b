// A log that builds a string for every line, even for those that it does not print.
//
// To be found: `heapscribe temporary` puts describe_event first: 20,000 allocations, every one
// freed before the next. remember_event allocates as many bytes but keeps 100 blocks, and is no
// finding.
#include <cstdio>
#include <string>
#include <vector>

namespace {

std::string describe_event(int number) {
  std::string text;
  text.reserve(100);  // longer than what a string holds without the heap
  text += "event number ";
  text += std::to_string(number);
  return text;
}

void remember_event(std::vector<std::string>& history, int number) {
  history.emplace_back(19999, static_cast<char>('a' + number % 26));
}

}  // namespace

int main() {
  std::size_t printed = 0;
  for (int number = 0; number < 20000; ++number) {
    const std::string text = describe_event(number);
    if (number % 10000 == 0) printed += text.size();
  }
  std::vector<std::string> history;
  history.reserve(100);
  for (int number = 0; number < 100; ++number) remember_event(history, number);
  std::printf("20000 events described, %zu characters printed, %zu remembered\n", printed,
              history.size());
  return 0;
}
