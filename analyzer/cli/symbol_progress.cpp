#include "analyzer/cli/symbol_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace heapscribe::cli {

SymbolProgress::SymbolProgress()
    : terminal_(::isatty(STDERR_FILENO) != 0), next_(Clock::now() + std::chrono::seconds(1)) {}

SymbolProgress::~SymbolProgress() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void SymbolProgress::show(std::size_t done, std::size_t total) {
  if (!terminal_ || total == 0 || Clock::now() < next_) return;
  fmt::print(stderr, "\rheapscribe: looking up symbols, {} % ", done * 100 / total);
  next_ = Clock::now() + std::chrono::milliseconds(200);
  visible_ = true;
}

}  // namespace heapscribe::cli
