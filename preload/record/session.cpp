#include "preload/record/session.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <x86intrin.h>

#include <ctime>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace heapscribe::record {

constinit Session session;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kCommitStep = kMiB;

char* map_session(long descriptor, std::uint64_t bytes) {
  const long result =
      platform::system_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE, descriptor, 0);
  return platform::failed(result) ? nullptr : reinterpret_cast<char*>(result);
}

bool is_prepared(const wire::SessionHeader& header) {
  return header.magic == wire::kSessionMagic && header.version == wire::kSessionVersion &&
         header.phase.load(std::memory_order_acquire) == wire::SessionPhase::Waiting;
}

// Whoever started the program may have forbidden it to read the counter.
bool has_time_stamps() {
  int mode = 0;
  const long result = platform::system_call(SYS_prctl, PR_GET_TSC, platform::as_argument(&mode));
  return platform::failed(result) || mode == PR_TSC_ENABLE;
}

}  // namespace

const char* Session::open(const char* path) {
  const long descriptor =
      platform::system_call(SYS_openat, AT_FDCWD, platform::as_argument(path), O_RDWR | O_CLOEXEC);
  if (platform::failed(descriptor)) return "cannot open the session ";
  struct stat info {};
  platform::system_call(SYS_fstat, descriptor, platform::as_argument(&info));
  // Address space may be limited (ulimit -v): a smaller window holds fewer sites.
  const auto file_bytes = static_cast<std::uint64_t>(info.st_size);
  for (mapped_ = file_bytes; mapped_ >= kMiB && base_ == nullptr; mapped_ /= 4) {
    base_ = map_session(descriptor, mapped_);
    if (base_ != nullptr) break;
  }
  platform::system_call(SYS_close, descriptor);
  if (base_ != nullptr) platform::announce_own_pages(base_, mapped_);
  if (base_ == nullptr) return "no address space for the session ";
  header_ = reinterpret_cast<wire::SessionHeader*>(base_);
  if (!is_prepared(*header_))
    return "not a session of this version, or in use by another process: ";
  header_->pid = static_cast<std::uint32_t>(platform::system_call(SYS_getpid));
  header_->start_realtime_ns = platform::clock_ns(CLOCK_REALTIME);
  header_->start_monotonic_ns = platform::clock_ns(CLOCK_MONOTONIC);
  if (!has_time_stamps()) header_->pause_threshold_ns = 0;
  if (header_->pause_threshold_ns != 0) header_->tick_start = __rdtsc();
  header_->phase.store(wire::SessionPhase::Recording, std::memory_order_release);
  return nullptr;
}

void* Session::allocate(std::size_t bytes, std::size_t alignment) {
  std::uint64_t begin = header_->used.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t start = platform::round_up(begin, alignment);
    const std::uint64_t end = start + bytes;
    if (end > mapped_) return nullptr;
    if (end > header_->committed.load(std::memory_order_relaxed) && !commit(end)) return nullptr;
    if (header_->used.compare_exchange_weak(begin, end, std::memory_order_relaxed)) {
      return base_ + start;
    }
  }
}

// Waits at most a moment for the collector, and at most kPatience times in all.
bool Session::wait_for_collector(std::uint64_t end) const {
  constexpr int kSpins = 5'000'000;  // about a tenth of a second
  constexpr int kPatience = 20;
  static constinit std::atomic<int> disappointments{0};
  if (disappointments.load(std::memory_order_relaxed) >= kPatience) return false;
  header_->wanted.store(end, std::memory_order_relaxed);
  for (int spin = 0; spin < kSpins; ++spin) {
    if (header_->committed.load(std::memory_order_relaxed) >= end) return true;
    __builtin_ia32_pause();
  }
  disappointments.fetch_add(1, std::memory_order_relaxed);
  return false;
}

// The collector lags behind (or is gone). Storage comes from the kernel, which tells us when there
// is none instead of raising SIGBUS later. Under a seccomp filter that call could be deadly: there
// we give the collector a moment, and then do without.
bool Session::commit(std::uint64_t end) const {
  if (is_restricted()) {
    return wait_for_collector(end);
  }
  const std::uint64_t from = header_->committed.load(std::memory_order_relaxed) /
                             platform::kPageSize * platform::kPageSize;
  std::uint64_t to = platform::round_up(end, platform::kPageSize) + kCommitStep;
  if (to > mapped_) to = mapped_;
  if (from >= to) return true;
  const long result = platform::system_call(SYS_madvise, platform::as_argument(base_ + from),
                                            static_cast<long>(to - from), MADV_POPULATE_WRITE);
  if (platform::failed(result)) return false;
  std::uint64_t seen = header_->committed.load(std::memory_order_relaxed);
  while (seen < to && !header_->committed.compare_exchange_weak(seen, to)) {
  }
  return true;
}

}  // namespace heapscribe::record
