// libunwind, on request. It is loaded into the target at run time and for this library only:
//  - Debian's libunwind.a is not position independent, so it cannot be linked in and hidden;
//  - a dependency on libunwind.so would replace libgcc's unwinder in every C++ target.
// libunwind asks the kernel whether addresses are readable (two descriptors, mincore) and masks
// signals around its locks. So it is for comparison, not for programs that restrict themselves.
#include <dlfcn.h>

#include "preload/bootstrap/real_functions.h"
#include "preload/unwind/unwinder.h"

namespace heapscribe::unwind {
namespace {

using Backtrace = int(void** frames, int capacity);
constinit Backtrace* backtrace_of_libunwind = nullptr;

}  // namespace

bool load_libunwind() {
  void* library = bootstrap::real.dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  backtrace_of_libunwind = reinterpret_cast<Backtrace*>(dlsym(library, "unw_backtrace"));
  return backtrace_of_libunwind != nullptr;
}

std::uint32_t capture_libunwind(std::uintptr_t* frames, std::uint32_t capacity) {
  const int count =
      backtrace_of_libunwind(reinterpret_cast<void**>(frames), static_cast<int>(capacity));
  return count > 0 ? static_cast<std::uint32_t>(count) : 0;
}

}  // namespace heapscribe::unwind
