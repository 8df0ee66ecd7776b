#include "preload/census/threads.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/single_threaded.h>
#include <ucontext.h>

#include <ctime>
#include <string_view>

#include "preload/census/task_file.h"
#include "preload/platform/kernel.h"
#include "preload/platform/kernel_signal.h"
#include "preload/platform/mappings.h"
#include "preload/platform/pages.h"
#include "preload/platform/stack_bounds.h"
#include "preload/record/thread_recorder.h"

namespace heapscribe::census {
namespace {

using platform::Mapping;
using platform::MappingKind;
using platform::system_call;

constexpr std::size_t kMostThreads = 65536;
constexpr std::uint64_t kLongNs = 500'000'000;
constexpr std::uint64_t kShortNs = 100'000'000;

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

void note(ThreadView& view, const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  for (std::size_t i = 0; i < kRegisters; ++i) {
    view.registers[i] = static_cast<std::uintptr_t>(registers[i]);
  }
  view.sp = static_cast<std::uintptr_t>(registers[REG_RSP]);
  view.alternate = context.uc_stack;
  view.descriptor = platform::own_descriptor();
  view.seen.store(1, std::memory_order_release);
}

void on_stop(int, siginfo_t*, void* context) {
  Meeting* const now = meeting.load(std::memory_order_acquire);
  if (now == nullptr) return;
  const std::uint32_t id = thread_id();
  for (std::size_t i = 0; i < now->count; ++i) {
    if (now->views[i].id != id) continue;
    auto& interrupted = *static_cast<ucontext_t*>(context);
    take_up_again(now->views[i].call, interrupted);
    note(now->views[i], interrupted);
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

bool has_ended(std::uint32_t id) {
  char text[512] = {};
  const std::string_view line = read_task_file(id, "stat", text, sizeof text);
  const std::size_t name_end = line.rfind(") ");
  return name_end == std::string_view::npos || line[name_end + 2] == 'Z' ||
         line[name_end + 2] == 'X';
}

// A number behind `key` in a thread's status; 0 if it is not there.
std::uint64_t status_number(std::uint32_t id, std::string_view key, unsigned base) {
  char text[2048] = {};
  std::string_view status = read_task_file(id, "status", text, sizeof text);
  const std::size_t at = status.find(key);
  if (at == std::string_view::npos) return 0;
  status.remove_prefix(at + key.size());
  std::uint64_t number = 0;
  for (const char c : status) {
    if (c == '\n') break;
    number = number * base + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return number;
}

// Nobody need wait for such a thread.
bool blocks_signal(std::uint32_t id, int signal) {
  return (status_number(id, "SigBlk:\t", 16) >> (signal - 1) & 1) != 0;
}

// A debugger would stop the program at every signal.
bool is_traced(std::uint32_t id) {
  return status_number(id, "TracerPid:\t", 10) != 0;
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

// A signal's frame takes 11 KiB where a thread uses all of its registers.
constexpr std::uintptr_t kRoom = std::uintptr_t{12} << 10;

// Whether a thread that waits at `sp`, in this mapping, is on its own stack, with room for a
// signal's frame. The pieces that coroutines run on may have none, and nothing tells where they
// end.
bool has_room(std::uint32_t thread, std::uintptr_t sp, const Mapping& mapping,
              const Mapping& below) {
  if (sp - mapping.range.begin < kRoom) return false;
  if (mapping.kind == MappingKind::MainStack) return true;
  if (const record::ThreadRecorder* recorder = record::recorder_of(thread)) {
    const std::uintptr_t descriptor = recorder->descriptor();
    return descriptor > sp && mapping.range.contains(descriptor);
  }
  // libc makes a guard below.
  return below.range.end == mapping.range.begin && !below.readable && !below.writable;
}

bool can_be_interrupted(const ThreadView& view) {
  switch (view.call.state) {
    case WaitingCall::State::Running: {
      // Where it is nobody can tell: what it has shown of itself so far must do.
      const record::ThreadRecorder* recorder = record::recorder_of(view.id);
      return recorder != nullptr && !recorder->has_left_own_stack();
    }
    case WaitingCall::State::Waiting:
      return can_be_taken_up_again(view.call) && view.has_room;
    case WaitingCall::State::Unknown:
      break;
  }
  return false;
}

}  // namespace

bool Threads::stop(Patience patience) {
  self_ = thread_id();
  if (!list()) return false;
  if (count_ > 0) interrupt(patience);
  for (std::size_t i = 0; i < count_; ++i) {
    if (views_[i].seen.load(std::memory_order_acquire) == 0) look_from_outside(views_[i]);
  }
  return true;
}

bool Threads::list() {
  // Never given back: a handler may come late.
  static constinit ThreadView* views = nullptr;
  if (views == nullptr) {
    views = static_cast<ThreadView*>(platform::map_pages(kMostThreads * sizeof(ThreadView)));
  }
  views_ = views;
  if (views_ == nullptr) return false;
  if (__libc_single_threaded != 0) return true;
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
  ThreadView& view = views_[count_++];
  view.seen.store(0, std::memory_order_relaxed);
  view.id = id;
  view.sp = view.descriptor = 0;
  view.call = {};
  view.has_room = false;
  view.alternate = {};
}

void Threads::look_at_stacks() {
  platform::Mappings mappings;
  Mapping below{};
  for (Mapping mapping{}; mappings && mappings.next(mapping); below = mapping) {
    for (std::size_t i = 0; i < count_; ++i) {
      ThreadView& view = views_[i];
      if (!mapping.range.contains(view.call.sp)) continue;
      view.has_room = has_room(view.id, view.call.sp, mapping, below);
    }
  }
}

void Threads::interrupt(Patience patience) {
  if (is_traced(self_)) return;
  const int signal = find_signal();
  if (signal == 0) return;
  for (std::size_t i = 0; i < count_; ++i) views_[i].call = waiting_call_of(views_[i].id);
  look_at_stacks();
  for (std::size_t i = 0; i < count_; ++i) {
    ThreadView& view = views_[i];
    view.spared = !can_be_interrupted(view) || blocks_signal(view.id, signal);
  }
  the_meeting.views = views_;
  the_meeting.count = count_;
  the_meeting.over.store(0, std::memory_order_relaxed);
  meeting.store(&the_meeting, std::memory_order_release);
  const long process = system_call(SYS_getpid);
  std::size_t spared = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (views_[i].spared) {
      ++spared;
    } else {
      system_call(SYS_tgkill, process, views_[i].id, signal);
    }
  }
  const std::uint64_t begin = platform::clock_ns(CLOCK_MONOTONIC);
  const std::uint64_t limit = patience == Patience::Long ? kLongNs : kShortNs;
  while (unseen() > spared && platform::clock_ns(CLOCK_MONOTONIC) - begin < limit) {
    system_call(SYS_sched_yield);
  }
}

// A thread that got no signal: where it sleeps the kernel tells.
void Threads::look_from_outside(ThreadView& view) const {
  view.sp = waiting_call_of(view.id).sp;
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
