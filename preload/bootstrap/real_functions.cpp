#include "preload/bootstrap/real_functions.h"

#include <dlfcn.h>
#include <link.h>

#include <initializer_list>
#include <string_view>

namespace heapscribe::bootstrap {

constinit RealFunctions real{};
constinit bool plain_operator_new = false;

namespace {

template <typename Function>
void resolve(Function*& field, const char* symbol) {
  field = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

// The object that holds `code`; nullptr if none does.
const link_map* object_of(const void* code) {
  dl_find_object found{};
  return _dl_find_object(const_cast<void*>(code), &found) == 0 ? found.dlfo_link_map : nullptr;
}

bool is_named(const link_map* object, std::string_view part) {
  return object != nullptr && std::string_view(object->l_name).find(part) != std::string_view::npos;
}

bool is_plain(const char* symbol, const void* underneath) {
  const link_map* ours = object_of(&real);
  return object_of(dlsym(RTLD_DEFAULT, symbol)) == ours &&
         is_named(object_of(underneath), "/libstdc++.so.");
}

}  // namespace

void resolve_real_functions() {
#define REAL(field, symbol, result, parameters) resolve(real.field, symbol);
#include "preload/bootstrap/functions.def"
#undef REAL
  // Only a C++ program has them, and asking for what is not there allocates.
  if (real.op_new == nullptr) return;
  plain_operator_new = true;
#define REAL(field, symbol, result, parameters)                       \
  if (symbol[0] == '_' && symbol[1] == 'Z' &&                         \
      !is_plain(symbol, reinterpret_cast<const void*>(real.field))) { \
    plain_operator_new = false;                                       \
  }
#include "preload/bootstrap/functions.def"
#undef REAL
}

bool is_glibc_underneath() {
  const auto is_glibc = [](const void* function) {
    return is_named(object_of(function), "/libc.so.6");
  };
  return is_glibc(reinterpret_cast<const void*>(real.malloc)) &&
         is_glibc(reinterpret_cast<const void*>(real.malloc_usable_size));
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
