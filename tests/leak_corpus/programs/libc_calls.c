/* Blocks that the C library allocates: for the caller, who has to free them, and for itself. */
#define _GNU_SOURCE
#include <argz.h>
#include <dirent.h>
#include <glob.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <obstack.h>
#include <pwd.h>
#include <search.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "case.h"

static void* volatile global;

/* For the caller. */
NAMED void duplicate_string(void) {
  use(strdup("twenty-three characters"));
}
NAMED void duplicate_start(void) {
  use(strndup("twenty-three characters", 6));
}
NAMED void duplicate_wide(void) {
  use(wcsdup(L"nine char"));
}
NAMED void print_to_string(void) {
  char* text = NULL;
  if (asprintf(&text, "%d and %s", 1234, "more") < 0) exit(1);
  use(text);
}

static FILE* open_text(void) {
  FILE* file = tmpfile();
  if (file == NULL) exit(1);
  fputs("a first line\nand a second; with more\n", file);
  rewind(file);
  return file;
}
NAMED void read_line(FILE* file) {
  char* line = NULL;
  size_t size = 0;
  if (getline(&line, &size, file) < 0) exit(1);
  use(line);
}
static void lost_getline(void) {
  FILE* file = open_text();
  read_line(file);
  fclose(file);
}
NAMED void read_to_delimiter(FILE* file) {
  char* part = NULL;
  size_t size = 0;
  if (getdelim(&part, &size, ';', file) < 0) exit(1);
  use(part);
}
static void lost_getdelim(void) {
  FILE* file = open_text();
  read_to_delimiter(file);
  fclose(file);
}
NAMED void scan_word(FILE* file) {
  char* word = NULL;
  if (fscanf(file, "%ms", &word) != 1) exit(1);
  use(word);
}
static void lost_scanf(void) {
  FILE* file = open_text();
  scan_word(file);
  fclose(file);
}

NAMED void resolve_path(void) {
  use(realpath("/", NULL));
}
NAMED void forget_directory(void) {
  use(opendir("/"));
}

/* The stream is closed, its buffer is the caller's. */
NAMED void write_to_memory(void) {
  char* text = NULL;
  size_t size = 0;
  FILE* stream = open_memstream(&text, &size);
  for (int i = 0; i < 100; ++i) fputs("some text ", stream);
  fclose(stream);
  use(text);
  text = NULL;
}

NAMED void make_argz(void) {
  char* argz = NULL;
  size_t size = 0;
  if (argz_create_sep("one:two:three", ':', &argz, &size) != 0) exit(1);
  use(argz);
}

NAMED void resolve_address(void) {
  const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
  struct addrinfo* found = NULL;
  if (getaddrinfo("127.0.0.1", NULL, &wanted, &found) != 0) exit(1);
  use(found);
}

/* Trees. Up to three nodes no link carries the bit of a colour. */
static void* tree;
static int compare_strings(const void* one, const void* other) {
  return strcmp((const char*)one, (const char*)other);
}
NAMED char* make_key(int number) {
  char* text = filled(malloc(24), 24);
  snprintf(text, 24, "%03d", number);
  return text;
}
NAMED void insert_into_tree(char* text) {
  use(tsearch(text, &tree, compare_strings));
}
static void fill_tree(int keys) {
  for (int i = 0; i < keys; ++i) insert_into_tree(make_key(i));
}
static void lost_tsearch_tree(void) {
  fill_tree(20);
  tree = NULL;
}
static void small_tsearch_tree(void) {
  fill_tree(3);
}

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free
static struct obstack held_obstack;
NAMED void fill_obstack(struct obstack* stack) {
  obstack_init(stack);
  for (int i = 0; i < 10; ++i) use(filled(obstack_alloc(stack, 1000), 1000));
}
static void held_by_obstack(void) {
  fill_obstack(&held_obstack);
}
NAMED struct obstack* make_lost_obstack(void) {
  return filled(malloc(sizeof held_obstack), sizeof held_obstack);
}
NAMED void fill_lost_obstack(struct obstack* stack) {
  obstack_init(stack);
  for (int i = 0; i < 10; ++i) use(filled(obstack_alloc(stack, 1000), 1000));
}
NAMED void lose_obstack(void) {
  fill_lost_obstack(make_lost_obstack());
}

/* For itself. */
NAMED void print_line(void) {
  puts("a line");
}
NAMED void forget_open_file(void) {
  use(fopen("/dev/null", "r"));
}
NAMED void open_read_close(void) {
  FILE* file = fopen("/dev/null", "r");
  use((void*)(long)fgetc(file));
  fclose(file);
}
NAMED char* allocate_stream_buffer(void) {
  return filled(malloc(8192), 8192);
}
static void buffer_given_to_stream(void) {
  FILE* file = fopen("/dev/null", "w");
  setvbuf(file, allocate_stream_buffer(), _IOFBF, 8192);
  fputs("some text", file);
}

NAMED void* allocate_cookie(void) {
  return filled(malloc(64), 64);
}
static ssize_t take_all(void* cookie, const char* text, size_t size) {
  use(cookie);
  use(text);
  return (ssize_t)size;
}
static void cookie_of_open_stream(void) {
  const cookie_io_functions_t functions = {.write = take_all};
  use(fopencookie(allocate_cookie(), "w", functions));
}

NAMED void set_locale(void) {
  use(setlocale(LC_ALL, "C.UTF-8"));
}
NAMED void convert_and_close(void) {
  iconv_t conversion = iconv_open("UTF-16", "UTF-8");
  if (conversion != (iconv_t)-1) iconv_close(conversion);
}
NAMED void resolve_name_and_free(void) {
  struct addrinfo* found = NULL;
  if (getaddrinfo("localhost", "80", NULL, &found) == 0) freeaddrinfo(found);
}
NAMED void look_up_user(void) {
  use(getpwuid(getuid()));
}
NAMED void convert_time(void) {
  const time_t when = 1000000000;
  use(localtime(&when));
}
NAMED void explain_errors(void) {
  use(strerror(98765));
  use(strsignal(987));
}
NAMED void set_variables(void) {
  setenv("LEAK_CORPUS_ONE", "the first value", 1);
  setenv("LEAK_CORPUS_ONE", "a second value, a longer one", 1);
  setenv("LEAK_CORPUS_TWO", "another", 1);
}
NAMED char* allocate_variable(void) {
  return strcpy(malloc(40), "LEAK_CORPUS_OWN=value");
}
static void own_variable(void) {
  putenv(allocate_variable());
}
NAMED char* allocate_replaced_variable(void) {
  return strcpy(malloc(40), "LEAK_CORPUS_OLD=value");
}
NAMED char* allocate_replacing_variable(void) {
  return strcpy(malloc(48), "LEAK_CORPUS_OLD=other");
}
static void replaced_variable(void) {
  putenv(allocate_replaced_variable());
  putenv(allocate_replacing_variable());
}
NAMED void create_hash_table(void) {
  hcreate(100);
}
NAMED void find_files(void) {
  glob_t found;
  if (glob("/*", 0, NULL, &found) == 0) globfree(&found);
}
NAMED void* allocate_sorted(void) {
  return filled(malloc(100000), 100000);
}
NAMED void sort_large(void) {
  global = allocate_sorted();
  qsort(global, 10000, 10, compare_strings);
}

MAIN_WITH_CASES({"lost_strdup", duplicate_string}, {"lost_strndup", duplicate_start},
                {"lost_wcsdup", duplicate_wide}, {"lost_asprintf", print_to_string},
                {"lost_getline", lost_getline}, {"lost_getdelim", lost_getdelim},
                {"lost_scanf", lost_scanf}, {"lost_realpath", resolve_path},
                {"lost_directory", forget_directory}, {"lost_memstream", write_to_memory},
                {"lost_argz", make_argz}, {"lost_addrinfo", resolve_address},
                {"lost_tsearch_tree", lost_tsearch_tree},
                {"small_tsearch_tree", small_tsearch_tree}, {"held_by_obstack", held_by_obstack},
                {"lost_obstack", lose_obstack}, {"stdout_buffer", print_line},
                {"forgotten_file", forget_open_file}, {"closed_file", open_read_close},
                {"buffer_given_to_stream", buffer_given_to_stream},
                {"cookie_of_open_stream", cookie_of_open_stream}, {"locale", set_locale},
                {"iconv", convert_and_close}, {"resolver", resolve_name_and_free},
                {"user_database", look_up_user}, {"time_zone", convert_time},
                {"error_texts", explain_errors}, {"environment", set_variables},
                {"own_variable", own_variable}, {"replaced_variable", replaced_variable},
                {"hash_table", create_hash_table}, {"glob_freed", find_files},
                {"sorted", sort_large})
