// Memory that grows: released at exit, kept, bounded, and forgotten at the edge.
#include <cstdlib>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "case.h"

namespace {

constexpr int kRequests = 1000;
constexpr int kBound = 64;

struct Answer {
  Answer* next;
  char text[56];
};

// Frees everything in its destructor, at exit.
NAMED std::unique_ptr<Answer> make_answer_freed_at_exit() {
  return std::make_unique<Answer>();
}
void cache_freed_at_exit() {
  static std::unordered_map<int, std::unique_ptr<Answer>> cache;
  for (int i = 0; i < kRequests; ++i) cache[i] = make_answer_freed_at_exit();
}

// The same in C: a handler of atexit walks the list.
Answer* list_freed_at_exit;
NAMED Answer* make_listed_answer() {
  return static_cast<Answer*>(calloc(1, sizeof(Answer)));
}
void free_list() {
  while (list_freed_at_exit != nullptr)
    free(std::exchange(list_freed_at_exit, list_freed_at_exit->next));
}
void list_freed_by_handler() {
  std::atexit(free_list);
  for (int i = 0; i < kRequests; ++i) {
    Answer* answer = make_listed_answer();
    answer->next = list_freed_at_exit;
    list_freed_at_exit = answer;
  }
}

// Grows and is never released, but the program knows every entry.
std::map<int, Answer*>* volatile growing;
NAMED Answer* make_kept_answer() {
  return new Answer{};
}
NAMED void keep_answer(int number, Answer* answer) {
  growing->emplace(number, answer);
}
NAMED auto* make_growing_cache() {
  return new std::map<int, Answer*>;
}
void growth_that_is_held() {
  growing = make_growing_cache();
  for (int i = 0; i < kRequests; ++i) keep_answer(i, make_kept_answer());
}

// A ring: what is displaced is freed.
Answer* ring[kBound];
NAMED Answer* make_bounded_answer() {
  return new Answer{};
}
void bounded_cache() {
  for (int i = 0; i < kRequests; ++i) {
    delete ring[i % kBound];
    ring[i % kBound] = make_bounded_answer();
  }
}

// A ring that forgets to free what it displaces.
NAMED Answer* make_displaced_answer() {
  return new Answer{};
}
void forgetful_cache() {
  for (int i = 0; i < kRequests; ++i) ring[i % kBound] = make_displaced_answer();
}

// A second cache is made over the first, which goes with all it holds.
Answer* volatile newest;
NAMED Answer* make_answer_of_generation() {
  return new Answer{};
}
void replaced_cache() {
  for (int generation = 0; generation < 5; ++generation) {
    newest = nullptr;
    for (int i = 0; i < 10; ++i) {
      Answer* answer = make_answer_of_generation();
      answer->next = newest;
      newest = answer;
    }
  }
}

// A vector grows by doubling; of its buffers only the last is left, and held.
std::vector<long>* volatile numbers;
NAMED void append_numbers() {
  for (long i = 0; i < kRequests; ++i) numbers->push_back(i);
}
NAMED auto* make_numbers() {
  return new std::vector<long>;
}
void growing_vector() {
  numbers = make_numbers();
  append_numbers();
}

}  // namespace

MAIN_WITH_CASES({"cache_freed_at_exit", cache_freed_at_exit},
                {"list_freed_by_handler", list_freed_by_handler},
                {"growth_that_is_held", growth_that_is_held}, {"bounded_cache", bounded_cache},
                {"forgetful_cache", forgetful_cache}, {"replaced_cache", replaced_cache},
                {"growing_vector", growing_vector})
