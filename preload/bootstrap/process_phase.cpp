#include "preload/bootstrap/process_phase.h"

#include <pthread.h>
#include <sys/mman.h>

#include "preload/platform/kernel.h"

namespace heapscribe::bootstrap {

constinit PhasePage phase_page{};

namespace {

constinit std::atomic<bool> born{false};
constinit std::atomic<bool> child_seen{false};

void forget_phase() {
  set_phase(Phase::Unborn);
}

}  // namespace

void wipe_phase_on_fork() {
  born.store(true, std::memory_order_relaxed);
  const long result = platform::system_call(SYS_madvise, platform::as_argument(&phase_page),
                                            sizeof phase_page, MADV_WIPEONFORK);
  // Kernels before 4.14: at least fork() is noticed.
  if (platform::failed(result)) pthread_atfork(nullptr, nullptr, forget_phase);
}

bool is_forked_child(bool& first) {
  first = false;
  if (phase() != Phase::Unborn || !born.load(std::memory_order_relaxed)) return false;
  first = !child_seen.exchange(true, std::memory_order_relaxed);
  set_phase(Phase::Off);
  return true;
}

}  // namespace heapscribe::bootstrap
