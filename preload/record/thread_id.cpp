#include "preload/record/thread_id.h"

#include <pthread.h>

#include <cstddef>
#include <cstring>

#include "preload/platform/kernel.h"

namespace heapscribe::record {
namespace {

// glibc's struct pthread starts with the TCB and a few hundred bytes of links and flags.
constexpr std::size_t kDescriptorBytes = 1024;
constinit std::size_t place = 0;

std::uint32_t ask_kernel() {
  return static_cast<std::uint32_t>(platform::system_call(SYS_gettid));
}

std::uint32_t read_place(std::uintptr_t descriptor) {
  std::uint32_t id = 0;
  std::memcpy(&id, reinterpret_cast<const char*>(descriptor) + place, sizeof id);
  return id;
}

std::uint32_t read_place() {
  return read_place(static_cast<std::uintptr_t>(pthread_self()));
}

}  // namespace

void learn_thread_id_place() {
  const std::uint32_t id = ask_kernel();
  std::size_t found = 0;
  for (place = 64; place + 4 <= kDescriptorBytes; place += 4) {
    if (read_place() == id && found == 0) found = place;
  }
  place = found;
}

std::uint32_t thread_id_in(std::uintptr_t descriptor) {
  return place != 0 ? read_place(descriptor) : 0;
}

std::uint32_t current_thread_id() {
  return place != 0 ? read_place() : ask_kernel();
}

}  // namespace heapscribe::record
