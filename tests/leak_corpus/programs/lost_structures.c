/* Blocks that point to blocks: what is lost with its holder is indirect. Also the nine ways in
   which memcheck's manual lets roots and two blocks point to each other. */
#include <stdlib.h>

#include "case.h"

struct node {
  struct node* next;
  struct node* previous;
  char payload[16];
};

static void* volatile global;
static void* volatile second_global;

NAMED struct node* make_cycle_member(void) {
  return filled(malloc(32), 32);
}
static void cycle_of_two(void) {
  struct node* one = make_cycle_member();
  struct node* two = make_cycle_member();
  one->next = two;
  two->next = one;
}

NAMED struct node* make_held_cycle_member(void) {
  return filled(malloc(32), 32);
}
static void held_cycle(void) {
  struct node* one = make_held_cycle_member();
  struct node* two = make_held_cycle_member();
  one->next = two;
  two->next = one;
  global = two;
}

NAMED void make_self_pointing(void) {
  struct node* node = filled(malloc(32), 32);
  node->next = node;
}

/* A cycle, and a block outside that points into it: only the one outside is definite. */
NAMED struct node* make_tail_of_cycle(void) {
  return filled(malloc(64), 64);
}
NAMED struct node* make_cycle_with_tail(void) {
  return filled(malloc(32), 32);
}
static void cycle_with_tail(void) {
  struct node* one = make_cycle_with_tail();
  struct node* two = make_cycle_with_tail();
  one->next = two;
  two->next = one;
  make_tail_of_cycle()->next = one;
}

NAMED struct node* make_list_node(struct node* next) {
  struct node* node = filled(malloc(sizeof *node), sizeof *node);
  node->next = next;
  return node;
}
NAMED void lose_list(int length) {
  struct node* head = NULL;
  for (int i = 0; i < length; ++i) head = make_list_node(head);
  use(head);
}
static void list_of_1000(void) {
  lose_list(1000);
}

NAMED struct node* make_double_node(struct node* previous) {
  struct node* node = filled(malloc(sizeof *node), sizeof *node);
  node->previous = previous;
  node->next = NULL;
  if (previous != NULL) previous->next = node;
  return node;
}
NAMED void lose_double_list(void) {
  struct node* last = NULL;
  for (int i = 0; i < 100; ++i) last = make_double_node(last);
  use(last);
}

/* The first 40 of 100 stay in the program, the link to the others is cut. */
NAMED struct node* make_cut_node(struct node* next) {
  struct node* node = filled(malloc(sizeof *node), sizeof *node);
  node->next = next;
  return node;
}
static void list_cut_in_two(void) {
  struct node* head = NULL;
  for (int i = 0; i < 100; ++i) head = make_cut_node(head);
  struct node* last_kept = head;
  for (int i = 1; i < 40; ++i) last_kept = last_kept->next;
  last_kept->next = NULL;
  global = head;
}

struct tree {
  struct tree* left;
  struct tree* right;
};
NAMED struct tree* make_tree_root(void) {
  return filled(malloc(48), 48);
}
NAMED struct tree* make_tree_node(void) {
  return filled(malloc(32), 32);
}
static void grow_tree(struct tree* above, int depth) {
  above->left = above->right = NULL;
  if (depth == 0) return;
  above->left = make_tree_node();
  above->right = make_tree_node();
  grow_tree(above->left, depth - 1);
  grow_tree(above->right, depth - 1);
}
NAMED void lose_tree(void) {
  grow_tree(make_tree_root(), 3);
}

NAMED struct node* make_first_head(void) {
  return filled(malloc(40), 40);
}
NAMED struct node* make_second_head(void) {
  return filled(malloc(56), 56);
}
NAMED struct node* make_shared_tail(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_heads_with_shared_tail(void) {
  struct node* tail = make_shared_tail();
  make_first_head()->next = tail;
  make_second_head()->next = tail;
}

NAMED struct node* make_lost_owner(void) {
  return filled(malloc(40), 40);
}
NAMED struct node* make_content_held_elsewhere(void) {
  return filled(malloc(64), 64);
}
NAMED void lose_owner_of_held_content(void) {
  struct node* content = make_content_held_elsewhere();
  make_lost_owner()->next = content;
  global = content;
}

NAMED void** make_table_of_strings(void) {
  return filled(malloc(800), 800);
}
NAMED char* make_string_in_table(void) {
  return filled(malloc(20), 20);
}
NAMED void lose_table(void) {
  void** table = make_table_of_strings();
  for (int i = 0; i < 100; ++i) table[i] = make_string_in_table();
}

/* A block of the graph is found by a pointer to its last word. */
NAMED struct node* make_holder_with_far_link(void) {
  return filled(malloc(4096), 4096);
}
NAMED void* make_block_at_far_link(void) {
  return filled(malloc(80), 80);
}
NAMED void hold_by_last_word(void) {
  char* holder = (char*)make_holder_with_far_link();
  *(void**)(holder + 4096 - sizeof(void*)) = make_block_at_far_link();
  global = holder;
}

/* RRR are roots, AAA and BBB blocks; -?-> points into the middle. Numbers are the manual's. */
NAMED void* pair2_middle(void) {
  return filled(malloc(32), 32);
}
NAMED void* pair2_end(void) {
  return filled(malloc(40), 40);
}
NAMED void root_to_a_to_b(void) { /* RRR ---> AAA ---> BBB */
  void** a = pair2_middle();
  *a = pair2_end();
  global = a;
}

NAMED void* pair4_middle(void) {
  return filled(malloc(32), 32);
}
NAMED void* pair4_end(void) {
  return filled(malloc(40), 40);
}
NAMED void lost_a_to_b(void) { /* RRR, AAA ---> BBB */
  void** a = pair4_middle();
  *a = pair4_end();
}

NAMED void* pair6_middle(void) {
  return filled(malloc(32), 32);
}
NAMED char* pair6_end(void) {
  return filled(malloc(40), 40);
}
NAMED void a_to_middle_of_b(void) { /* RRR ---> AAA -?-> BBB */
  void** a = pair6_middle();
  *a = pair6_end() + 16;
  global = a;
}

NAMED void* pair7_middle(void) {
  return filled(malloc(32), 32);
}
NAMED char* pair7_end(void) {
  return filled(malloc(40), 40);
}
NAMED void middle_of_a_to_b(void) { /* RRR -?-> AAA ---> BBB */
  void** a = pair7_middle();
  *a = pair7_end();
  global = (char*)a + 16;
}

NAMED void* pair8_middle(void) {
  return filled(malloc(32), 32);
}
NAMED char* pair8_end(void) {
  return filled(malloc(40), 40);
}
NAMED void middle_of_a_to_middle_of_b(void) { /* RRR -?-> AAA -?-> BBB */
  void** a = pair8_middle();
  *a = pair8_end() + 16;
  global = (char*)a + 16;
}

NAMED void* pair9_middle(void) {
  return filled(malloc(32), 32);
}
NAMED char* pair9_end(void) {
  return filled(malloc(40), 40);
}
NAMED void lost_a_to_middle_of_b(void) { /* RRR, AAA -?-> BBB */
  void** a = pair9_middle();
  *a = pair9_end() + 16;
}

/* The middle is held by one root and the start by another. */
NAMED char* held_twice(void) {
  return filled(malloc(40), 40);
}
static void start_and_middle(void) {
  char* block = held_twice();
  global = block + 8;
  second_global = block;
}

MAIN_WITH_CASES({"cycle_of_two", cycle_of_two}, {"held_cycle", held_cycle},
                {"self_pointing", make_self_pointing}, {"cycle_with_tail", cycle_with_tail},
                {"list_of_1000", list_of_1000}, {"double_list", lose_double_list},
                {"list_cut_in_two", list_cut_in_two}, {"lost_tree", lose_tree},
                {"shared_tail", lose_heads_with_shared_tail},
                {"content_held_elsewhere", lose_owner_of_held_content}, {"lost_table", lose_table},
                {"held_by_last_word", hold_by_last_word}, {"root_to_a_to_b", root_to_a_to_b},
                {"lost_a_to_b", lost_a_to_b}, {"a_to_middle_of_b", a_to_middle_of_b},
                {"middle_of_a_to_b", middle_of_a_to_b},
                {"middle_of_a_to_middle_of_b", middle_of_a_to_middle_of_b},
                {"lost_a_to_middle_of_b", lost_a_to_middle_of_b},
                {"start_and_middle", start_and_middle})
