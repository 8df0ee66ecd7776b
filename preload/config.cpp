#include "preload/config.h"

#include <elf.h>

#include <cstddef>
#include <cstdint>
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

// `run --allocator` puts a library below ours.
bool names_chosen_allocator(const char* begin, const char* end) {
  return std::string_view(begin, static_cast<std::size_t>(end - begin)) == config.allocator;
}

// Removes our entries from a list separated by colons or blanks, in place.
void remove_this_library(char* list) {
  char* out = list;
  for (const char* part = list; *part != '\0';) {
    const char* end = part;
    while (*end != '\0' && !is_separator(*end)) ++end;
    const bool ours = names_this_library(part, end) || names_chosen_allocator(part, end);
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

// Follows the end of a list that was ours alone, to tell it from one that the user left empty.
constexpr char kEmptiedByUs = '\x01';

// True if the program shall not see this entry; says the same when asked again.
bool hide(char* entry) {
  if (std::string_view(entry).starts_with(kPrefix)) return true;
  if (!std::string_view(entry).starts_with(kPreload)) return false;
  char* list = entry + kPreload.size();
  if (*list == '\0') return list[1] == kEmptiedByUs;
  remove_this_library(list);
  if (*list != '\0') return false;
  list[1] = kEmptiedByUs;
  return true;
}

// An odd number of free places is one too many, see config.h: the entry that stays. An emptied
// LD_PRELOAD does least harm.
const char* entry_to_keep(char** environment) {
  std::size_t hidden = 0;
  const char* kept = nullptr;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (!hide(*entry)) continue;
    ++hidden;
    if (kept == nullptr || std::string_view(*entry).starts_with(kPreload)) kept = *entry;
  }
  return hidden % 2 != 0 ? kept : nullptr;
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
  const char* kept = entry_to_keep(environment);
  char** out = environment;
  char** entry = environment;
  for (; *entry != nullptr; ++entry) {
    if (!hide(*entry) || *entry == kept) *out++ = *entry;
  }
  *out++ = nullptr;
  while (out <= entry) {
    *out++ = reinterpret_cast<char*>(std::uintptr_t{AT_IGNORE});
    *out++ = nullptr;
  }
}

}  // namespace heapscribe
