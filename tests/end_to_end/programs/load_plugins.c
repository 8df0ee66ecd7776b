/* Loads plugin a, lets it allocate 10 blocks of 1111 bytes, unloads it, loads plugin b, lets it
   allocate 20 blocks of 2222, unloads it; twenty times. Says in a file whether b lay where a was.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void* (*allocate_function)(size_t);

static allocate_function load_and_use(const char* path, const char* name, int blocks, size_t size) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    puts(dlerror());
    exit(1);
  }
  allocate_function allocate;
  *(void**)&allocate = dlsym(library, name);
  for (int i = 0; i < blocks; ++i) {
    if (allocate(size) == NULL) exit(1);
  }
  dlclose(library);
  return allocate;
}

int main(int count, char** arguments) {
  if (count < 4) return 2;
  int same_place = 0;
  for (int i = 0; i < 20; ++i) {
    const allocate_function first = load_and_use(arguments[1], "allocate_in_plugin_a", 10, 1111);
    const allocate_function second = load_and_use(arguments[2], "allocate_in_plugin_b", 20, 2222);
    same_place += first == second;
  }
  FILE* file = fopen(arguments[3], "w");
  fprintf(file, "%d\n", same_place);
  fclose(file);
  puts("plugins done");
  return 0;
}
