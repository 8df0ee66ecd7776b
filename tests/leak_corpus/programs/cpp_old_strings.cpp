// Strings of the ABI before C++11 (this file is compiled for it): length, capacity and counter
// stand before the characters that the string points to.
#include <string>

#include "case.h"

namespace {

std::string* volatile held;
NAMED std::string* make_old_string() {
  return new std::string;
}
NAMED void fill_old_string(std::string& string) {
  string.assign(100, 'x');
}
void old_string() {
  held = make_old_string();
  fill_old_string(*held);
}

NAMED std::string* make_lost_old_string() {
  return new std::string;
}
NAMED void fill_lost_old_string(std::string& string) {
  string.assign(100, 'x');
}
NAMED void lose_old_string() {
  fill_lost_old_string(*make_lost_old_string());
}

// Two strings share the characters until one is changed.
std::string* volatile first;
std::string* volatile second;
NAMED std::string* make_sharing_string() {
  return new std::string;
}
NAMED void fill_shared_characters(std::string& string) {
  string.assign(100, 'y');
}
void shared_characters() {
  first = make_sharing_string();
  second = make_sharing_string();
  fill_shared_characters(*first);
  *second = *first;
}

}  // namespace

MAIN_WITH_CASES({"old_string", old_string}, {"lost_old_string", lose_old_string},
                {"shared_characters", shared_characters})
