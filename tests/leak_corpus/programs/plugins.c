/* A library is loaded, and unloaded or not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "case.h"

static void* volatile global;

/* By its whole path: under a tool that replaces dlopen, a search would begin at the tool's library.
 */
static void* load(void) {
  char path[PATH_MAX + 64];
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
  if (length < 0) exit(1);
  path[length] = '\0';
  strcpy(strrchr(path, '/'), "/libleak_corpus_plugin.so");
  void* library = dlopen(path, RTLD_NOW);
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
