#include "preload/census/threads.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <ucontext.h>

#include <ctime>
#include <string_view>

#include "preload/platform/kernel.h"
#include "preload/platform/kernel_signal.h"
#include "preload/platform/pages.h"
#include "preload/platform/text.h"

namespace heapscribe::census {
namespace {

using platform::system_call;

constexpr std::size_t kMostThreads = 65536;
constexpr std::uint64_t kPatienceNs = 500'000'000;

// The stop that is under way, for the handlers.
struct Meeting {
  ThreadView* views;
  std::size_t count;
  std::atomic<std::uint32_t> over;
};
constinit std::atomic<Meeting*> meeting{nullptr};
constinit Meeting the_meeting{};

std::uint32_t thread_id() {
  return static_cast<std::uint32_t>(system_call(SYS_gettid));
}

std::uintptr_t own_descriptor() {
  std::uintptr_t descriptor = 0;
  asm("mov %%fs:0x10, %0" : "=r"(descriptor));
  return descriptor;
}

void note(ThreadView& view, const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  for (std::size_t i = 0; i < kRegisters; ++i) {
    view.registers[i] = static_cast<std::uintptr_t>(registers[i]);
  }
  view.sp = static_cast<std::uintptr_t>(registers[REG_RSP]);
  view.alternate = context.uc_stack;
  view.descriptor = own_descriptor();
  view.seen.store(1, std::memory_order_release);
}

void on_stop(int, siginfo_t*, void* context) {
  Meeting* const now = meeting.load(std::memory_order_acquire);
  if (now == nullptr) return;
  const std::uint32_t id = thread_id();
  for (std::size_t i = 0; i < now->count; ++i) {
    if (now->views[i].id != id) continue;
    note(now->views[i], *static_cast<const ucontext_t*>(context));
    while (now->over.load(std::memory_order_acquire) == 0) {
      system_call(SYS_futex, platform::as_argument(&now->over), FUTEX_WAIT, 0);
    }
    return;
  }
}

constexpr int kSignals = 64;
constexpr int kFirstRealTime = 35;  // libc keeps 32 and 33 to itself, some debuggers 34

// One that is ours already, or that the program leaves alone; 0 if there is none.
int find_signal() {
  platform::SignalAction now{};
  for (int signal = kSignals; signal >= kFirstRealTime; --signal) {
    if (platform::change_signal_action(signal, nullptr, &now) && now.handler == on_stop) {
      return signal;
    }
  }
  for (int signal = kSignals; signal >= kFirstRealTime; --signal) {
    const bool is_free =
        platform::change_signal_action(signal, nullptr, &now) && now.handler == nullptr;
    if (is_free && platform::handle_signal(signal, on_stop, SA_RESTART | SA_ONSTACK)) return signal;
  }
  return 0;
}

// One small file of /proc/self/task/ID; empty if it cannot be read.
std::string_view read_task_file(std::uint32_t id, std::string_view name, char* text,
                                std::size_t capacity) {
  platform::Text<64> path;
  path << "/proc/self/task/" << std::uint64_t{id} << "/" << name;
  const long file =
      system_call(SYS_openat, AT_FDCWD, platform::as_argument(path.c_str()), O_RDONLY | O_CLOEXEC);
  if (platform::failed(file)) return {};
  const long got =
      system_call(SYS_read, file, platform::as_argument(text), static_cast<long>(capacity));
  system_call(SYS_close, file);
  return got > 0 ? std::string_view(text, static_cast<std::size_t>(got)) : std::string_view{};
}

// "NUMBER ARGUMENTS... SP PC" of a thread that waits in the kernel, else 0.
std::uintptr_t sleeping_sp(std::uint32_t id) {
  char text[256] = {};
  const std::string_view line = read_task_file(id, "syscall", text, sizeof text);
  const std::size_t last = line.rfind(" 0x");
  if (last == std::string_view::npos || last == 0) return 0;
  const std::size_t before = line.rfind(" 0x", last - 1);
  if (before == std::string_view::npos) return 0;
  std::uintptr_t value = 0;
  for (std::size_t at = before + 3; at < last; ++at) {
    const char c = line[at];
    value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

bool has_ended(std::uint32_t id) {
  char text[512] = {};
  const std::string_view line = read_task_file(id, "stat", text, sizeof text);
  const std::size_t name_end = line.rfind(") ");
  return name_end == std::string_view::npos || line[name_end + 2] == 'Z' ||
         line[name_end + 2] == 'X';
}

// Nobody need wait for such a thread.
bool blocks_signal(std::uint32_t id, int signal) {
  char text[2048] = {};
  std::string_view status = read_task_file(id, "status", text, sizeof text);
  constexpr std::string_view kKey = "SigBlk:\t";
  const std::size_t at = status.find(kKey);
  if (at == std::string_view::npos) return false;
  status.remove_prefix(at + kKey.size());
  std::uint64_t mask = 0;
  for (const char c : status) {
    if (c == '\n') break;
    mask = mask << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return (mask >> (signal - 1) & 1) != 0;
}

std::uint32_t to_number(const char* text) {
  std::uint32_t value = 0;
  while (*text >= '0' && *text <= '9')
    value = value * 10 + static_cast<std::uint32_t>(*text++ - '0');
  return value;
}

struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

}  // namespace

bool Threads::stop() {
  self_ = thread_id();
  if (!list()) return false;
  if (count_ > 0) interrupt();
  for (std::size_t i = 0; i < count_; ++i) {
    if (views_[i].seen.load(std::memory_order_acquire) == 0) look_from_outside(views_[i]);
  }
  return true;
}

bool Threads::list() {
  views_ = static_cast<ThreadView*>(platform::map_pages(kMostThreads * sizeof(ThreadView)));
  if (views_ == nullptr) return false;
  const long folder = system_call(SYS_openat, AT_FDCWD, platform::as_argument("/proc/self/task"),
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (platform::failed(folder)) return false;
  alignas(8) char buffer[4096 - 512] = {};
  for (;;) {
    const long got =
        system_call(SYS_getdents64, folder, platform::as_argument(buffer), sizeof buffer);
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      const std::uint32_t id = to_number(entry->name);
      if (id != 0 && id != self_ && count_ < kMostThreads && !has_ended(id)) add(id);
      at += entry->length;
    }
  }
  system_call(SYS_close, folder);
  return true;
}

void Threads::add(std::uint32_t id) {
  views_[count_++].id = id;
}

void Threads::interrupt() {
  const int signal = find_signal();
  if (signal == 0) return;
  the_meeting.views = views_;
  the_meeting.count = count_;
  the_meeting.over.store(0, std::memory_order_relaxed);
  meeting.store(&the_meeting, std::memory_order_release);
  const long process = system_call(SYS_getpid);
  std::size_t deaf = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (blocks_signal(views_[i].id, signal)) {
      ++deaf;
    } else {
      system_call(SYS_tgkill, process, views_[i].id, signal);
    }
  }
  const std::uint64_t begin = platform::clock_ns(CLOCK_MONOTONIC);
  while (unseen() > deaf && platform::clock_ns(CLOCK_MONOTONIC) - begin < kPatienceNs) {
    system_call(SYS_sched_yield);
  }
}

// A thread that blocks the signal: where it sleeps the kernel tells.
void Threads::look_from_outside(ThreadView& view) const {
  view.sp = sleeping_sp(view.id);
}

void Threads::resume() {
  if (meeting.exchange(nullptr, std::memory_order_acq_rel) == nullptr) return;
  the_meeting.over.store(1, std::memory_order_release);
  system_call(SYS_futex, platform::as_argument(&the_meeting.over), FUTEX_WAKE, INT32_MAX);
}

std::size_t Threads::unseen() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (views_[i].seen.load(std::memory_order_acquire) == 0) ++count;
  }
  return count;
}

bool Threads::has(std::uint32_t id) const {
  if (id == self_) return true;
  for (std::size_t i = 0; i < count_; ++i) {
    if (views_[i].id == id) return true;
  }
  return false;
}

}  // namespace heapscribe::census
