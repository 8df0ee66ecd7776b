// Preloaded into real programs by unwinders_agree_test: captures the stack of every malloc by rules
// with a thread's memory of its last stack, as recordings do, and by an oracle (libunwind, or
// libgcc when COMPARE_WITH=libgcc), and counts where they differ.
//
// A capture is complete if it ends in the program's outermost frame; the oracle decides which.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <fcntl.h>
#include <libunwind.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "preload/platform/stack_bounds.h"
#include "preload/unwind/remembered_stack.h"
#include "preload/unwind/rule_cache.h"
#include "preload/unwind/unwinder.h"

namespace {

constexpr std::uint32_t kFrames = 2048;

thread_local bool inside = false;
std::atomic<bool> ready{false};
std::atomic<std::uint64_t> captures{0};
std::atomic<std::uint64_t> mismatches{0};
std::atomic<std::uint64_t> longer{0};  // the oracle's stack, and then further to main
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

std::uintptr_t own_begin = 0;
std::uintptr_t own_end = 0;

int find_own_range(dl_phdr_info* info, std::size_t, void*) {
  const auto here = reinterpret_cast<std::uintptr_t>(&find_own_range);
  std::uintptr_t begin = ~std::uintptr_t{0};
  std::uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const std::uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    begin = std::min(begin, at);
    end = std::max(end, at + info->dlpi_phdr[i].p_memsz);
  }
  if (here < begin || here >= end) return 0;
  own_begin = begin;
  own_end = end;
  return 1;
}

// The frames from the first one outside this library: both lists start in different functions of
// ours.
const std::uintptr_t* skip_own(List& list) {
  std::uint32_t skip = 0;
  while (skip < list.count && list.frames[skip] >= own_begin && list.frames[skip] < own_end) ++skip;
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

using heapscribe::unwind::Frame;

// A thread's own. Too large for static TLS: threads with small stacks could no longer be made.
struct Workplace {
  List rules;
  List oracle;
  heapscribe::unwind::RememberedStack remembered;
  char storage[8000];
};

Workplace* make_workplace() {
  auto* made = static_cast<Workplace*>(
      mmap(nullptr, sizeof(Workplace), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  made->remembered.use(made->storage, sizeof made->storage);
  made->remembered.begin_thread(getpid() == gettid() ? heapscribe::platform::end_of_main_stack()
                                                     : heapscribe::platform::end_of_thread_stack());
  return made;
}

void capture_remembered(Workplace& here, const Frame& caller) {
  const heapscribe::unwind::Stack& stack =
      here.remembered.capture(caller, 0, heapscribe::unwind::capture_boost);
  here.rules.count = std::min(stack.count, kFrames);
  std::reverse_copy(stack.frames + stack.count - here.rules.count, stack.frames + stack.count,
                    here.rules.frames);
}

[[gnu::noinline]] void compare(const Frame& caller) {
  static thread_local Workplace* here = make_workplace();
  List& rules = here->rules;
  List& oracle = here->oracle;
  capture_remembered(*here, caller);
  oracle.count = 0;
  capture_oracle(oracle);
  const std::uintptr_t* a = skip_own(rules);
  const std::uintptr_t* b = skip_own(oracle);
  captures.fetch_add(1, std::memory_order_relaxed);
  frames_seen.fetch_add(rules.count, std::memory_order_relaxed);
  const bool same = rules.count == oracle.count && std::memcmp(a, b, rules.count * sizeof *a) == 0;
  if (same) return;
  // Through generated code only the rules find a way: by frame pointers.
  if (oracle.count < rules.count && std::memcmp(a, b, oracle.count * sizeof *a) == 0) {
    longer.fetch_add(1, std::memory_order_relaxed);
    return;
  }
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
  dl_iterate_phdr(find_own_range, nullptr);
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  report_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
  close(fd);
  heapscribe::platform::note_main_stack();
  ready = heapscribe::unwind::prepare_rule_cache();
  unsetenv("LD_PRELOAD");
}

[[gnu::destructor]] void end() {
  ready = false;
  if (report_fd >= 0) {
    dprintf(report_fd, "captures %lu mismatches %lu longer %lu frames %lu\n", captures.load(),
            mismatches.load(), longer.load(), frames_seen.load());
  }
}

}  // namespace

extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) {
  if (ready && !inside) {
    inside = true;
    compare(heapscribe::unwind::caller_frame());
    inside = false;
  }
  return __libc_malloc(size);
}
