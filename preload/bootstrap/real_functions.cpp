#include "preload/bootstrap/real_functions.h"

#include <dlfcn.h>

#include <initializer_list>

namespace heapscribe::bootstrap {

constinit RealFunctions real{};

namespace {

template <typename Function>
void resolve(Function*& field, const char* symbol) {
  field = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

}  // namespace

void resolve_real_functions() {
#define REAL(field, symbol, result, parameters) resolve(real.field, symbol);
#include "preload/bootstrap/functions.def"
#undef REAL
}

void* find_in_cxx_library(const char* symbol) {
  for (const char* name : {"libstdc++.so.6", "libc++.so.1", "libc++abi.so.1"}) {
    if (void* library = dlopen(name, RTLD_NOLOAD | RTLD_LAZY)) {
      void* found = dlsym(library, symbol);
      dlclose(library);
      if (found != nullptr) return found;
    }
  }
  return nullptr;
}

}  // namespace heapscribe::bootstrap
