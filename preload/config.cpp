#include "preload/config.h"

#include <cstring>
#include <string_view>

namespace heapscribe {

constinit Config config{};

namespace {

constexpr std::string_view kPrefix = "HEAPSCRIBE_";
constexpr std::string_view kPreload = "LD_PRELOAD=";
constexpr std::string_view kLibrary = "libheapscribe.so";

bool is_separator(char c) {
  return c == ':' || c == ' ';
}

// Returns the value if `entry` is "variable=value", else nullptr.
const char* value_of(const char* entry, const char* variable) {
  const std::size_t length = std::strlen(variable);
  if (std::strncmp(entry, variable, length) != 0 || entry[length] != '=') return nullptr;
  return entry + length + 1;
}

// Removes our entries from a list separated by colons or blanks, in place.
void remove_this_library(char* list) {
  char* out = list;
  for (const char* part = list; *part != '\0';) {
    const char* end = part;
    while (*end != '\0' && !is_separator(*end)) ++end;
    const bool ours = names_this_library(part, end);
    const char* next = *end != '\0' ? end + 1 : end;
    if (!ours) {
      const auto length = static_cast<std::size_t>(next - part);
      std::memmove(out, part, length);
      out += length;
    }
    part = next;
  }
  // The separator that stood before our entry when it was the last one.
  if (out != list && is_separator(out[-1])) --out;
  *out = '\0';
}

// True if the program shall not see this entry.
bool hide(char* entry) {
  if (std::string_view(entry).starts_with(kPrefix)) return true;
  if (!std::string_view(entry).starts_with(kPreload)) return false;
  char* list = entry + kPreload.size();
  if (*list == '\0') return false;  // the user's own empty value
  remove_this_library(list);
  return *list == '\0';
}

}  // namespace

bool names_this_library(const char* begin, const char* end) {
  const std::string_view entry(begin, static_cast<std::size_t>(end - begin));
  if (!entry.ends_with(kLibrary)) return false;
  return entry.size() == kLibrary.size() || entry[entry.size() - kLibrary.size() - 1] == '/';
}

void read_config(char** environment) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
#define OPTION(field, variable, initial, help)                                            \
  if (const char* value = value_of(*entry, variable); value != nullptr && *value != '\0') \
    config.field = value;
#include "preload/config.def"
#undef OPTION
  }
}

void clean_environment(char** environment) {
  char** out = environment;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (!hide(*entry)) *out++ = *entry;
  }
  *out = nullptr;
}

}  // namespace heapscribe
