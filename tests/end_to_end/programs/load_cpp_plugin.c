/* A C program whose C++ plugin, and libstdc++ with it, arrive by dlopen(RTLD_LOCAL). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char** arguments) {
  if (count < 2) return 2;
  for (int i = 0; i < 3; ++i) {
    void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      puts(dlerror());
      return 1;
    }
    void (*use)(void);
    *(void**)&use = dlsym(library, "use_cpp_plugin");
    use();
    dlclose(library);
  }
  free(malloc(10));
  return 0;
}
