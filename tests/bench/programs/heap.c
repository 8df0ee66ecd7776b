// A heap of lists of ten blocks, one list in a hundred without anybody who points to it.
//
//   heap BLOCKS BYTES
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Node {
  struct Node* next;
  char rest[];
};

static struct Node* make_list(long blocks, size_t bytes) {
  struct Node* list = NULL;
  for (long i = 0; i < blocks; ++i) {
    struct Node* node = malloc(bytes);
    if (node == NULL) abort();
    memset(node, 0, bytes);
    node->next = list;
    list = node;
  }
  return list;
}

struct Node** lists;

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  enum { kLength = 10 };
  const long count = atol(argv[1]) / kLength;
  const size_t bytes = (size_t)atol(argv[2]);
  lists = calloc((size_t)count, sizeof *lists);
  for (long i = 0; i < count; ++i) {
    struct Node* list = make_list(kLength, bytes);
    if (i % 100 != 0) lists[i] = list;
  }
  puts("made");
  return 0;
}
