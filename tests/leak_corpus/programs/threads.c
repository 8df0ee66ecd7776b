/* What threads hold, as long as they live and no longer: stacks, registers, thread-local variables,
   values of keys. Living threads have arrived where they wait before the program ends. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "case.h"

static sem_t arrived;
static pthread_t thread;
static void* volatile handed_over;
static _Thread_local void* volatile thread_local_pointer;

static void* take_over(void) {
  void* block = handed_over;
  handed_over = NULL;
  return block;
}

static void say_and_wait(void) {
  sem_post(&arrived);
  for (;;) pause();
}

/* The names of these two stand in the table as shared: what the library allocates for a thread is
   judged in one case only. */
NAMED void start_waiting_thread(void* (*body)(void*), const pthread_attr_t* attributes) {
  sem_init(&arrived, 0, 0);
  if (pthread_create(&thread, attributes, body, NULL) != 0) exit(1);
  sem_wait(&arrived);
}
NAMED void run_thread_to_its_end(void* (*body)(void*)) {
  if (pthread_create(&thread, NULL, body, NULL) != 0) exit(1);
  pthread_join(thread, NULL);
}

static void* just_wait(void* unused) {
  say_and_wait();
  return unused;
}
static void living_thread(void) {
  start_waiting_thread(just_wait, NULL);
}

/* Thread-local variables. */
NAMED void* allocate_for_main_thread(void) {
  return filled(malloc(64), 64);
}
static void local_of_main_thread(void) {
  thread_local_pointer = allocate_for_main_thread();
}

NAMED void* allocate_for_ended_thread(void) {
  return filled(malloc(64), 64);
}
static void* fill_local_and_end(void* unused) {
  thread_local_pointer = allocate_for_ended_thread();
  return unused;
}
static void local_of_ended_thread(void) {
  run_thread_to_its_end(fill_local_and_end);
}

NAMED void* allocate_for_living_thread(void) {
  return filled(malloc(64), 64);
}
static void* fill_local_and_wait(void* unused) {
  thread_local_pointer = allocate_for_living_thread();
  say_and_wait();
  return unused;
}
static void local_of_living_thread(void) {
  start_waiting_thread(fill_local_and_wait, NULL);
}

NAMED void* allocate_for_detached_thread(void) {
  return filled(malloc(64), 64);
}
static void* detach_and_wait(void* unused) {
  pthread_detach(pthread_self());
  thread_local_pointer = allocate_for_detached_thread();
  say_and_wait();
  return unused;
}
static void local_of_detached_thread(void) {
  start_waiting_thread(detach_and_wait, NULL);
}

/* Keys. */
static pthread_key_t key;
NAMED void* allocate_for_key_of_main(void) {
  return filled(malloc(64), 64);
}
static void key_of_main_thread(void) {
  pthread_key_create(&key, free);
  pthread_setspecific(key, allocate_for_key_of_main());
}

NAMED void* allocate_for_key_without_destructor(void) {
  return filled(malloc(64), 64);
}
static void* set_key_and_end(void* unused) {
  pthread_setspecific(key, allocate_for_key_without_destructor());
  return unused;
}
static void key_without_destructor(void) {
  pthread_key_create(&key, NULL);
  run_thread_to_its_end(set_key_and_end);
}

NAMED void* allocate_for_key_with_destructor(void) {
  return filled(malloc(64), 64);
}
static void* set_key_with_destructor(void* unused) {
  pthread_setspecific(key, allocate_for_key_with_destructor());
  return unused;
}
static void key_with_destructor(void) {
  pthread_key_create(&key, free);
  run_thread_to_its_end(set_key_with_destructor);
}

NAMED void* allocate_for_key_of_living_thread(void) {
  return filled(malloc(64), 64);
}
static void* set_key_and_wait(void* unused) {
  pthread_setspecific(key, allocate_for_key_of_living_thread());
  say_and_wait();
  return unused;
}
static void key_of_living_thread(void) {
  pthread_key_create(&key, NULL);
  start_waiting_thread(set_key_and_wait, NULL);
}

/* Deleting a key runs no destructor. */
NAMED void* allocate_for_deleted_key(void) {
  return filled(malloc(64), 64);
}
static void deleted_key(void) {
  pthread_key_create(&key, free);
  pthread_setspecific(key, allocate_for_deleted_key());
  pthread_key_delete(key);
}

NAMED void* allocate_for_last_keys(void) {
  return filled(malloc(64), 64);
}
NAMED void set_value_of_key(pthread_key_t which, void* value) {
  pthread_setspecific(which, value);
}
static void all_keys_taken(void) {
  pthread_key_t keys[PTHREAD_KEYS_MAX];
  size_t taken = 0;
  while (taken < PTHREAD_KEYS_MAX && pthread_key_create(&keys[taken], NULL) == 0) ++taken;
  if (taken < 10) exit(1);
  for (size_t i = taken - 5; i < taken; ++i) set_value_of_key(keys[i], allocate_for_last_keys());
}

/* Stacks and registers. */
NAMED void* allocate_for_waiting_frame(void) {
  return filled(malloc(64), 64);
}
static void* hold_on_stack(void* unused) {
  void* volatile block = allocate_for_waiting_frame();
  say_and_wait();
  use(block);
  return unused;
}
static void stack_of_living_thread(void) {
  start_waiting_thread(hold_on_stack, NULL);
}

NAMED void* allocate_for_ended_frame(void) {
  return filled(malloc(64), 64);
}
static void* hold_on_stack_and_end(void* unused) {
  void* volatile block = allocate_for_ended_frame();
  use((void*)&block);
  return unused;
}
static void stack_of_ended_thread(void) {
  run_thread_to_its_end(hold_on_stack_and_end);
}

/* The pointer comes over in a variable that is then cleared, and stays in one register; the thread
   waits without a frame of the library. */
NAMED void* allocate_for_register_of_thread(void) {
  return filled(malloc(64), 64);
}
NAMED void wait_with_register(void) {
  __asm__ volatile(
      "xor %%ebx, %%ebx\n\t"
      "xchg %%rbx, %0\n\t"
      "1: mov %1, %%eax\n\t"
      "syscall\n\t"
      "jmp 1b"
      : "+m"(handed_over)
      : "i"(SYS_pause)
      : "rax", "rbx", "rcx", "r11", "memory");
}
static void* wait_with_register_body(void* unused) {
  sem_post(&arrived);
  wait_with_register();
  return unused;
}
static void register_of_living_thread(void) {
  handed_over = allocate_for_register_of_thread();
  start_waiting_thread(wait_with_register_body, NULL);
  while (handed_over != NULL) sched_yield();
}

NAMED void* allocate_for_smallest_stack(void) {
  return filled(malloc(64), 64);
}
static void* hold_on_smallest_stack(void* unused) {
  void* volatile block = take_over();
  say_and_wait();
  use(block);
  return unused;
}
static void smallest_stack(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
  handed_over = allocate_for_smallest_stack();
  start_waiting_thread(hold_on_smallest_stack, &attributes);
}

/* A stack that is itself a block, which the program keeps. */
static void* volatile own_stack;
NAMED void* allocate_thread_stack(void) {
  return filled(aligned_alloc(4096, 1 << 20), 1 << 20);
}
NAMED void* allocate_for_stack_in_block(void) {
  return filled(malloc(64), 64);
}
static void* hold_on_own_stack(void* unused) {
  void* volatile block = allocate_for_stack_in_block();
  say_and_wait();
  use(block);
  return unused;
}
static void stack_in_block(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  own_stack = allocate_thread_stack();
  pthread_attr_setstack(&attributes, own_stack, 1 << 20);
  start_waiting_thread(hold_on_own_stack, &attributes);
}

/* Ends that free nothing. */
NAMED void* allocate_before_pthread_exit(void) {
  return filled(malloc(64), 64);
}
static void* leave_by_pthread_exit(void* unused) {
  void* volatile block = allocate_before_pthread_exit();
  pthread_exit(unused);
  free(block);
}
static void pthread_exit_skips_free(void) {
  run_thread_to_its_end(leave_by_pthread_exit);
}

NAMED void* allocate_before_cancellation(void) {
  return filled(malloc(64), 64);
}
static void* wait_for_cancellation(void* unused) {
  void* volatile block = allocate_before_cancellation();
  say_and_wait();
  free(block);
  return unused;
}
static void cancelled_thread(void) {
  start_waiting_thread(wait_for_cancellation, NULL);
  pthread_cancel(thread);
  pthread_join(thread, NULL);
}

NAMED void* allocate_with_cleanup(void) {
  return filled(malloc(64), 64);
}
static void* wait_with_cleanup(void* unused) {
  pthread_cleanup_push(free, allocate_with_cleanup());
  say_and_wait();
  pthread_cleanup_pop(1);
  return unused;
}
static void cancelled_with_cleanup(void) {
  start_waiting_thread(wait_with_cleanup, NULL);
  pthread_cancel(thread);
  pthread_join(thread, NULL);
}

/* The result of a thread that has ended can still be fetched; fetched and ignored it is lost. */
NAMED void* allocate_result_to_fetch(void) {
  return filled(malloc(64), 64);
}
static pid_t kernel_id;
static void* return_result(void* unused) {
  (void)unused;
  kernel_id = gettid();
  sem_post(&arrived);
  return allocate_result_to_fetch();
}
static void result_not_yet_fetched(void) {
  start_waiting_thread(return_result, NULL);
  /* Until the kernel does not know it any more. */
  while (syscall(SYS_tgkill, getpid(), kernel_id, 0) == 0) sched_yield();
}

NAMED void* allocate_ignored_result(void) {
  return filled(malloc(64), 64);
}
static void* return_ignored_result(void* unused) {
  (void)unused;
  return allocate_ignored_result();
}
static void ignored_result(void) {
  run_thread_to_its_end(return_ignored_result);
}

NAMED void lose_in_each_thread(void) {
  use(filled(malloc(64), 64));
}
static void* lose_and_end(void* unused) {
  lose_in_each_thread();
  return unused;
}
static void sixty_four_threads(void) {
  for (int i = 0; i < 64; ++i) run_thread_to_its_end(lose_and_end);
}

/* The first thread ends, another one ends the program. */
static pthread_t first_thread;
NAMED void* allocate_for_frame_of_main(void) {
  return filled(malloc(64), 64);
}
NAMED void* allocate_for_last_thread(void) {
  return filled(malloc(96), 96);
}
static void* end_program(void* unused) {
  void* volatile block = allocate_for_last_thread();
  pthread_join(first_thread, NULL);
  exit(0);
  use(block);
  return unused;
}
static void main_thread_ended(void) {
  void* volatile block = allocate_for_frame_of_main();
  first_thread = pthread_self();
  pthread_create(&thread, NULL, end_program, NULL);
  pthread_exit(NULL);
  use(block);
}

MAIN_WITH_CASES(
    {"living_thread", living_thread}, {"local_of_main_thread", local_of_main_thread},
    {"local_of_ended_thread", local_of_ended_thread},
    {"local_of_living_thread", local_of_living_thread},
    {"local_of_detached_thread", local_of_detached_thread},
    {"key_of_main_thread", key_of_main_thread}, {"key_without_destructor", key_without_destructor},
    {"key_with_destructor", key_with_destructor}, {"key_of_living_thread", key_of_living_thread},
    {"deleted_key", deleted_key}, {"all_keys_taken", all_keys_taken},
    {"stack_of_living_thread", stack_of_living_thread},
    {"stack_of_ended_thread", stack_of_ended_thread},
    {"register_of_living_thread", register_of_living_thread}, {"smallest_stack", smallest_stack},
    {"stack_in_block", stack_in_block}, {"pthread_exit_skips_free", pthread_exit_skips_free},
    {"cancelled_thread", cancelled_thread}, {"cancelled_with_cleanup", cancelled_with_cleanup},
    {"result_not_yet_fetched", result_not_yet_fetched}, {"ignored_result", ignored_result},
    {"sixty_four_threads", sixty_four_threads}, {"main_thread_ended", main_thread_ended})
