// Pointers to the middle of a block that C++ itself makes, and what exceptions leave behind.
#include <unistd.h>

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "case.h"

namespace {

struct Element {
  Element() = default;
  ~Element() { delete member; }
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;
  int* member = nullptr;
  long payload = 0;
};

// The array's length stands before its first element.
Element* volatile held_array;
NAMED Element* make_array_with_cookie() {
  return new Element[10];
}
NAMED int* make_member_of_array() {
  return new int(1);
}
void array_cookie() {
  held_array = make_array_with_cookie();
  held_array[3].member = make_member_of_array();
}

NAMED Element* make_lost_array() {
  return new Element[10];
}
NAMED int* make_member_of_lost_array() {
  return new int(1);
}
NAMED void lose_array() {
  make_lost_array()[3].member = make_member_of_lost_array();
}

// new Element[0] is a block that holds a cookie only, and the pointer is its end.
Element* volatile empty_array;
NAMED Element* make_empty_array() {
  return new Element[0];
}
void empty_array_cookie() {
  empty_array = make_empty_array();
}

Element* volatile held_element;
NAMED Element* make_array_held_by_element() {
  return new Element[10];
}
void element_of_array() {
  held_element = make_array_held_by_element() + 4;
}

struct Readable {
  virtual ~Readable() = default;
  virtual int read() { return 1; }
  long position = 0;
};
struct Writable {
  virtual ~Writable() = default;
  virtual int write() { return 2; }
  long limit = 0;
};
struct Stream : Readable, Writable {
  int read() override { return 3; }
  int write() override { return 4; }
  long length = 0;
};
Writable* volatile held_writable;
NAMED Stream* make_stream() {
  return new Stream;
}
void second_base() {
  held_writable = make_stream();
}

NAMED Stream* make_lost_stream() {
  return new Stream;
}
NAMED void lose_second_base() {
  Writable* writable = make_lost_stream();
  use(writable);
}

struct Shared {
  virtual ~Shared() = default;
  long count = 1;
};
struct Left : virtual Shared {
  long left = 2;
};
struct Both : Left {
  long both = 3;
};
Shared* volatile held_virtual_base;
NAMED Both* make_virtually_derived() {
  return new Both;
}
void virtual_base() {
  held_virtual_base = make_virtually_derived();
}

// A base without virtual functions behind one with: the pointer meets no table of functions.
struct Plain {
  long plain = 5;
};
struct Mixed : Readable, Plain {};
Plain* volatile held_plain;
NAMED Mixed* make_mixed() {
  return new Mixed;
}
void second_base_without_table() {
  held_plain = make_mixed();
}

// The object stands in one block with its counters; only the object's address is left.
struct Item {
  long number = 1;
  char payload[24] = {};
};
Item* volatile held_item;
NAMED std::shared_ptr<Item> make_shared_item() {
  return std::make_shared<Item>();
}
void raw_pointer_of_shared() {
  alignas(std::shared_ptr<Item>) unsigned char memory[sizeof(std::shared_ptr<Item>)];
  auto* owner = new (memory) std::shared_ptr<Item>(make_shared_item());
  held_item = owner->get();
  memset(static_cast<void*>(owner), 0, sizeof *owner);
  use(owner);
}

// Exceptions.
NAMED void fail() {
  throw std::runtime_error("as planned");
}
NAMED void own_and_fail() {
  auto* item = new Item;
  use(item);
  fail();
  delete item;
}
void exception_skips_delete() {
  try {
    own_and_fail();
  } catch (const std::runtime_error&) {
  }
}

// The members that are objects are destroyed, the raw pointer's block is not.
struct HalfMade {
  HalfMade();
  ~HalfMade() { delete raw; }
  HalfMade(const HalfMade&) = delete;
  HalfMade& operator=(const HalfMade&) = delete;
  std::unique_ptr<Item> owned;
  Item* raw;
};
NAMED std::unique_ptr<Item> make_owned_member() {
  return std::make_unique<Item>();
}
NAMED Item* make_raw_member() {
  return new Item;
}
HalfMade::HalfMade() : owned(make_owned_member()), raw(make_raw_member()) {
  fail();
}
NAMED HalfMade* make_half() {
  return new HalfMade;
}
void constructor_throws() {
  try {
    use(make_half());
  } catch (const std::runtime_error&) {
  }
}

NAMED void throw_and_catch() {
  for (int i = 0; i < 10; ++i) {
    const auto item = std::make_unique<Item>();
    use(item.get());
    try {
      fail();
    } catch (const std::runtime_error& error) {
      use(error.what());
    }
  }
}

// What an exception_ptr keeps is alive.
std::exception_ptr* volatile kept;
NAMED std::exception_ptr keep_exception() {
  try {
    fail();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}
void kept_exception() {
  kept = new std::exception_ptr(keep_exception());
}

// The state of a thread that goes on without its std::thread.
NAMED std::shared_ptr<Item> make_captured_item() {
  return std::make_shared<Item>();
}
std::atomic<bool> waiting;
NAMED void start_with_capture(std::shared_ptr<Item> item) {
  std::thread([item = std::move(item)] {
    waiting = true;
    waiting.notify_one();
    for (;;) pause();
  }).detach();
  waiting.wait(false);
}
void detached_std_thread() {
  start_with_capture(make_captured_item());
}

}  // namespace

MAIN_WITH_CASES({"array_cookie", array_cookie}, {"lost_array", lose_array},
                {"empty_array_cookie", empty_array_cookie}, {"element_of_array", element_of_array},
                {"second_base", second_base}, {"lost_second_base", lose_second_base},
                {"virtual_base", virtual_base},
                {"second_base_without_table", second_base_without_table},
                {"raw_pointer_of_shared", raw_pointer_of_shared},
                {"exception_skips_delete", exception_skips_delete},
                {"constructor_throws", constructor_throws}, {"exceptions_caught", throw_and_catch},
                {"kept_exception", kept_exception}, {"detached_std_thread", detached_std_thread})
