// Preloaded into real programs by unwinders_agree_test: captures the stack of every malloc by rules
// and by an oracle (libunwind, or libgcc when COMPARE_WITH=libgcc), and counts where they differ.
//
// A capture is complete if it ends in the program's outermost frame; the oracle decides which.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <fcntl.h>
#include <libunwind.h>
#include <unistd.h>
#include <unwind.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "preload/unwind/rule_cache.h"
#include "preload/unwind/stack_bounds.h"
#include "preload/unwind/unwinder.h"

namespace {

constexpr std::uint32_t kFrames = 4096;

thread_local bool inside = false;
std::atomic<bool> ready{false};
std::atomic<std::uint64_t> captures{0};
std::atomic<std::uint64_t> mismatches{0};
std::atomic<std::uint64_t> frames_seen{0};
bool use_libgcc = false;
int report_fd = -1;

struct List {
  std::uintptr_t frames[kFrames];
  std::uint32_t count = 0;
};

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* argument) {
  auto& list = *static_cast<List*>(argument);
  if (list.count == kFrames) return _URC_END_OF_STACK;
  const auto address = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
  if (address == 0) return _URC_END_OF_STACK;
  list.frames[list.count++] = address;
  return _URC_NO_REASON;
}

void capture_oracle(List& list) {
  if (use_libgcc) {
    _Unwind_Backtrace(add_frame, &list);
  } else {
    const int count = unw_backtrace(reinterpret_cast<void**>(list.frames), kFrames);
    list.count = count > 0 ? static_cast<std::uint32_t>(count) : 0;
  }
}

// The frames from the first one outside this library: both lists start in different functions of ours.
const std::uintptr_t* skip_own(List& list) {
  Dl_info own{};
  static void* own_base = (dladdr(reinterpret_cast<void*>(&capture_oracle), &own), own.dli_fbase);
  std::uint32_t skip = 0;
  while (skip < list.count) {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(list.frames[skip]), &info) != 0 && info.dli_fbase != own_base)
      break;
    ++skip;
  }
  list.count -= skip;
  return list.frames + skip;
}

void print_stack(const char* name, const std::uintptr_t* frames, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count && i < 60; ++i) {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(frames[i]), &info);
    dprintf(report_fd, "  %s %2u %#lx %s+%#lx %s\n", name, i, frames[i],
            info.dli_fname != nullptr ? info.dli_fname : "?",
            frames[i] - reinterpret_cast<std::uintptr_t>(info.dli_fbase),
            info.dli_sname != nullptr ? info.dli_sname : "");
  }
}

[[gnu::noinline]] void compare() {
  static thread_local List rules;
  static thread_local List oracle;
  rules.count = heapscribe::unwind::capture_rules(rules.frames, kFrames);
  oracle.count = 0;
  capture_oracle(oracle);
  const std::uintptr_t* a = skip_own(rules);
  const std::uintptr_t* b = skip_own(oracle);
  captures.fetch_add(1, std::memory_order_relaxed);
  frames_seen.fetch_add(rules.count, std::memory_order_relaxed);
  const bool same =
      rules.count == oracle.count && std::memcmp(a, b, rules.count * sizeof *a) == 0;
  if (same) return;
  if (mismatches.fetch_add(1) >= 3 || report_fd < 0) return;
  dprintf(report_fd, "MISMATCH rules %u oracle %u\n", rules.count, oracle.count);
  print_stack("rules ", a, rules.count);
  print_stack("oracle", b, oracle.count);
}

[[gnu::constructor]] void begin() {
  const char* path = std::getenv("COMPARE_REPORT");
  const char* with = std::getenv("COMPARE_WITH");
  use_libgcc = with != nullptr && std::strcmp(with, "libgcc") == 0;
  if (path == nullptr) return;
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  report_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
  close(fd);
  heapscribe::unwind::note_main_stack();
  ready = heapscribe::unwind::prepare_rule_cache();
  unsetenv("LD_PRELOAD");
}

[[gnu::destructor]] void end() {
  ready = false;
  if (report_fd >= 0) {
    dprintf(report_fd, "captures %lu mismatches %lu frames %lu\n", captures.load(),
            mismatches.load(), frames_seen.load());
  }
}

}  // namespace

extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) {
  if (ready && !inside) {
    inside = true;
    compare();
    inside = false;
  }
  return __libc_malloc(size);
}
