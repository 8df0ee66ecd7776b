/* A library is loaded, and unloaded or not. */
#include <dlfcn.h>
#include <stdlib.h>

#include "case.h"

static void* volatile global;

static void* load(void) {
  void* library = dlopen("libleak_corpus_plugin.so", RTLD_NOW);
  if (library == NULL) exit(1);
  void (*start)(void);
  *(void**)&start = dlsym(library, "plugin_start");
  start();
  return library;
}

static void library_stays(void) {
  global = load();
}
static void library_handle_forgotten(void) {
  use(load());
}
static void library_unloaded(void) {
  dlclose(load());
}

NAMED void fail_to_load(void) {
  if (dlopen("libthat_is_not_there.so", RTLD_NOW) == NULL) use(dlerror());
}

MAIN_WITH_CASES({"library_stays", library_stays},
                {"library_handle_forgotten", library_handle_forgotten},
                {"library_unloaded", library_unloaded}, {"failed_dlopen", fail_to_load})
