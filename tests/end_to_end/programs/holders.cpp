// A global holds a table, the table 100 entries of 1000 bytes; one block of 77 bytes is forgotten.
// argv[1]: return, exit, _exit, abort, exec.
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#define NOT_INLINED __attribute__((noinline))

struct Table {
  void* entries[100];
};
Table* table;

NOT_INLINED void* make_entry() {
  return std::calloc(1, 1000);
}

NOT_INLINED Table* make_table() {
  return static_cast<Table*>(std::calloc(1, sizeof(Table)));
}

NOT_INLINED void forget() {
  void* block = std::malloc(77);
  asm volatile("" : : "r"(block) : "memory");
}

int main(int, char** arguments) {
  table = make_table();
  for (void*& entry : table->entries) entry = make_entry();
  forget();
  const char* way = arguments[1];
  if (std::strcmp(way, "exit") == 0) std::exit(3);
  if (std::strcmp(way, "_exit") == 0) _exit(3);
  if (std::strcmp(way, "abort") == 0) std::abort();
  if (std::strcmp(way, "exec") == 0) execl("/bin/true", "true", nullptr);
  return 3;
}
