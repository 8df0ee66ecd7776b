// Containers and their owners, lost and kept. A container that is lost with its header object is
// one definite block; what it owns is indirect.
#include <coroutine>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "case.h"

namespace {

struct Item {
  explicit Item(int n) : number(n) {}
  long number;
  char payload[24] = {};
};

NAMED std::unique_ptr<Item> make_item_of_vector(int number) {
  return std::make_unique<Item>(number);
}
NAMED auto* make_vector() {
  return new std::vector<std::unique_ptr<Item>>;
}
NAMED void fill_vector(std::vector<std::unique_ptr<Item>>& items) {
  items.reserve(10);
  for (int i = 0; i < 10; ++i) items.push_back(make_item_of_vector(i));
}
NAMED void lose_vector() {
  fill_vector(*make_vector());
}

NAMED auto* make_map() {
  return new std::map<int, int>;
}
NAMED void fill_map(std::map<int, int>& map) {
  for (int i = 0; i < 20; ++i) map[i] = i;
}
NAMED void lose_map() {
  fill_map(*make_map());
}

NAMED auto* make_list() {
  return new std::list<long>;
}
NAMED void fill_list(std::list<long>& list) {
  for (int i = 0; i < 20; ++i) list.push_back(i);
}
NAMED void lose_list() {
  fill_list(*make_list());
}

NAMED auto* make_hash_map() {
  return new std::unordered_map<int, long>;
}
NAMED void fill_hash_map(std::unordered_map<int, long>& map) {
  for (int i = 0; i < 10; ++i) map[i] = i;
}
NAMED void lose_hash_map() {
  fill_hash_map(*make_hash_map());
}

NAMED auto* make_string() {
  return new std::string;
}
NAMED void fill_string(std::string& string) {
  string.assign(100, 'x');
}
NAMED void lose_string() {
  fill_string(*make_string());
}

// The header is a member of a lost object, as most are.
struct Session {
  std::string name;
  std::vector<int> numbers;
};
NAMED Session* make_session() {
  return new Session;
}
NAMED void name_session(Session& session) {
  session.name = "a name too long to be stored inside";
}
NAMED void number_session(Session& session) {
  session.numbers.resize(100);
}
NAMED void lose_session() {
  Session* session = make_session();
  name_session(*session);
  number_session(*session);
}

// Two objects that share each other, and a third that hangs on one of them.
struct Friend {
  std::shared_ptr<Friend> other;
  std::shared_ptr<int> luggage;
};
NAMED std::shared_ptr<Friend> make_friend() {
  return std::make_shared<Friend>();
}
NAMED std::shared_ptr<int> make_luggage() {
  return std::make_shared<int>(1);
}
NAMED void lose_cycle_of_friends() {
  auto one = make_friend();
  auto two = make_friend();
  one->other = two;
  two->other = one;
  one->luggage = make_luggage();
}

// weak_ptr in one direction: nothing is left.
struct Child {
  std::weak_ptr<Child> other;
  std::shared_ptr<Child> next;
};
NAMED void free_weak_cycle() {
  auto one = std::make_shared<Child>();
  one->next = std::make_shared<Child>();
  one->next->other = one;
}

// The object has been destroyed, its memory waits for the last weak_ptr.
NAMED std::shared_ptr<Item> make_observed_item() {
  return std::make_shared<Item>(1);
}
void observed_only() {
  static auto* watching = new std::weak_ptr<Item>;
  *watching = make_observed_item();
}

NAMED void release_unique_pointer() {
  use(std::make_unique<Item>(1).release());
}

NAMED void use_containers_and_free() {
  std::vector<std::string> names;
  std::map<std::string, std::vector<int>> lists;
  for (int i = 0; i < 100; ++i) {
    names.push_back("a name that is long enough to be allocated " + std::to_string(i));
    lists[names.back()].resize(10);
  }
}

// Static containers.
struct Registry {
  std::map<int, std::string> names;
};
NAMED void fill_static_map(std::map<int, std::string>& names) {
  for (int i = 0; i < 10; ++i) names[i].assign(50, 'n');
}
void static_container() {
  static Registry registry;
  fill_static_map(registry.names);
}

NAMED void fill_undestroyed_map(std::map<int, int>& map) {
  for (int i = 0; i < 10; ++i) map[i] = i;
}
void undestroyed_static_container() {
  alignas(std::map<int, int>) static unsigned char memory[sizeof(std::map<int, int>)];
  fill_undestroyed_map(*new (memory) std::map<int, int>);
}

NAMED Item* make_singleton() {
  return new Item(1);
}
void leaky_singleton() {
  static Item* const singleton = make_singleton();
  use(singleton);
}

NAMED std::function<int()> make_callback() {
  const Item item(1);
  return [item] { return static_cast<int>(item.number); };
}
void stored_callback() {
  static auto* callback = new std::function<int()>;
  *callback = make_callback();
}

// A destructor at exit that loses what it should free.
struct Careless {
  Item* volatile item = nullptr;
  ~Careless() { item = nullptr; }
};
NAMED Item* make_item_of_careless() {
  return new Item(1);
}
void lost_by_static_destructor() {
  static Careless careless;
  careless.item = make_item_of_careless();
}

// thread_local containers are destroyed with their thread, raw pointers are not.
thread_local std::vector<int> numbers_of_thread;
NAMED void fill_numbers_of_thread() {
  numbers_of_thread.resize(100);
}
void thread_local_container() {
  std::thread(fill_numbers_of_thread).join();
}
void thread_local_container_of_main() {
  fill_numbers_of_thread();
}

// Coroutines: the frame is a block that holds what the coroutine holds.
struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};
NAMED std::unique_ptr<Item> make_item_of_lost_coroutine() {
  return std::make_unique<Item>(1);
}
NAMED std::unique_ptr<Item> make_item_of_held_coroutine() {
  return std::make_unique<Item>(1);
}
Task hold_and_wait(std::unique_ptr<Item> item) {
  co_await std::suspend_always{};
  use(item.get());
}
NAMED void start_lost_coroutine() {
  use(hold_and_wait(make_item_of_lost_coroutine()).handle.address());
}
std::coroutine_handle<Task::promise_type> held_handle;
NAMED void start_held_coroutine() {
  held_handle = hold_and_wait(make_item_of_held_coroutine()).handle;
  use(&held_handle);
}
NAMED void run_coroutine_to_its_end() {
  const Task task = hold_and_wait(std::make_unique<Item>(1));
  task.handle.resume();
  task.handle.destroy();
}

}  // namespace

MAIN_WITH_CASES({"lost_vector", lose_vector}, {"lost_map", lose_map}, {"lost_std_list", lose_list},
                {"lost_hash_map", lose_hash_map}, {"lost_string", lose_string},
                {"lost_session", lose_session}, {"shared_ptr_cycle", lose_cycle_of_friends},
                {"weak_ptr_cycle", free_weak_cycle}, {"observed_only", observed_only},
                {"released_unique_ptr", release_unique_pointer},
                {"containers_freed", use_containers_and_free},
                {"static_container", static_container},
                {"undestroyed_static_container", undestroyed_static_container},
                {"leaky_singleton", leaky_singleton}, {"stored_callback", stored_callback},
                {"lost_by_static_destructor", lost_by_static_destructor},
                {"thread_local_container", thread_local_container},
                {"thread_local_container_of_main", thread_local_container_of_main},
                {"lost_coroutine", start_lost_coroutine}, {"held_coroutine", start_held_coroutine},
                {"finished_coroutine", run_coroutine_to_its_end})
