// dlopen and dlclose: what an address means may change.
#include <dlfcn.h>

#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/platform/keep_errno.h"
#include "preload/record/module_list.h"
#include "preload/unwind/rule_cache.h"

using heapscribe::bootstrap::is_recording;
using heapscribe::bootstrap::real;

#pragma GCC visibility push(default)
extern "C" {

// dlopen looks at its return address to find the caller's search path, so it must be reached by a
// jump: nothing can be done after it, and no frame of ours may stand between.
[[gnu::visibility("hidden")]] void* heapscribe_before_dlopen();
[[gnu::used]] void* heapscribe_before_dlopen() {
  if (real.dlopen == nullptr) heapscribe::start();
  if (is_recording()) heapscribe::record::expect_new_modules();
  return reinterpret_cast<void*>(real.dlopen);
}

[[gnu::naked]] void* dlopen(const char*, int) noexcept {
  asm("push %rdi\n\t"
      ".cfi_adjust_cfa_offset 8\n\t"
      "push %rsi\n\t"
      ".cfi_adjust_cfa_offset 8\n\t"
      "sub $8, %rsp\n\t"
      ".cfi_adjust_cfa_offset 8\n\t"
      "call heapscribe_before_dlopen\n\t"
      "add $8, %rsp\n\t"
      ".cfi_adjust_cfa_offset -8\n\t"
      "pop %rsi\n\t"
      ".cfi_adjust_cfa_offset -8\n\t"
      "pop %rdi\n\t"
      ".cfi_adjust_cfa_offset -8\n\t"
      "jmp *%rax");
}

int dlclose(void* handle) noexcept {
  if (real.dlclose == nullptr) heapscribe::start();
  const int status = real.dlclose(handle);
  if (is_recording()) {
    const heapscribe::bootstrap::RecordingScope scope;
    const heapscribe::platform::KeepErrno keep;
    if (scope) {
      heapscribe::unwind::forget_rules(!heapscribe::record::session.is_restricted());
      heapscribe::record::refresh_modules();
    }
  }
  return status;
}
}
#pragma GCC visibility pop
