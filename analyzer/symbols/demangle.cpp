#include "analyzer/symbols/demangle.h"

#include <libiberty/demangle.h>
#include <pthread.h>

#include <csetjmp>

namespace heapscribe::symbols {
namespace {

// The demangler's own limit on what fits an ordinary stack: two components for every character.
constexpr std::size_t kLongestOnOwnStack = DEMANGLE_RECURSION_LIMIT / 2;
// For longer names: some 80 bytes of tables and 300 of recursion for every character, reserved
// only.
constexpr std::size_t kLargeStack = std::size_t{64} << 20;

// What one symbol becomes. The demangler hands the name over in pieces; a few dozen characters can
// expand to gigabytes, so it is left by longjmp (out of C frames that own nothing) once there is
// enough.
struct Reading {
  const char* mangled;
  int options;
  std::string name;
  std::jmp_buf enough;
  bool understood = false;
};

void append_piece(const char* piece, std::size_t length, void* opaque) {
  auto* reading = static_cast<Reading*>(opaque);
  const std::size_t room = kLongestName - 3 - reading->name.size();
  reading->name.append(piece, length < room ? length : room);
  if (length > room) std::longjmp(reading->enough, 1);
}

void read_name(Reading& reading) {
  if (setjmp(reading.enough) != 0) {
    reading.name += "...";
    reading.understood = true;
    return;
  }
  // Rust first: its legacy mangling is valid C++ too, but for the hash at the end.
  reading.understood =
      rust_demangle_callback(reading.mangled, reading.options, append_piece, &reading) != 0;
  if (reading.understood) return;
  reading.name.clear();
  reading.understood =
      cplus_demangle_v3_callback(reading.mangled, reading.options, append_piece, &reading) != 0;
}

void* read_name_in_thread(void* reading) {
  read_name(*static_cast<Reading*>(reading));
  return nullptr;
}

void read_long_name(Reading& reading) {
  reading.options |= DMGL_NO_RECURSE_LIMIT;
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kLargeStack);
  if (pthread_create(&thread, &attributes, read_name_in_thread, &reading) == 0) {
    pthread_join(thread, nullptr);
  }
  pthread_attr_destroy(&attributes);
}

std::string_view without_version(std::string_view symbol) {
  const std::size_t at = symbol.find('@');
  if (at == 0 || at == std::string_view::npos || symbol.substr(at) == "@plt") return symbol;
  return symbol.substr(0, at);
}

// LLVM's mark on a local symbol that it had to make unique.
std::string_view without_unique_suffix(std::string_view symbol) {
  const std::size_t at = symbol.rfind(".llvm.");
  if (at == 0 || at == std::string_view::npos) return symbol;
  const bool number = symbol.find_first_not_of("0123456789", at + 6) == std::string_view::npos;
  return number ? symbol.substr(0, at) : symbol;
}

std::string shortened(std::string_view symbol) {
  if (symbol.size() <= kLongestName) return std::string(symbol);
  return std::string(symbol.substr(0, kLongestName - 3)) + "...";
}

}  // namespace

std::string demangle(std::string_view symbol) {
  symbol = without_unique_suffix(without_version(symbol));
  const bool mangled = symbol.starts_with("_Z") || symbol.starts_with("_R");
  if (!mangled || symbol.size() > kLongestName) return shortened(symbol);
  const std::string terminated(symbol);
  Reading reading{.mangled = terminated.c_str(),
                  .options = DMGL_PARAMS | DMGL_ANSI,
                  .name = {},
                  .enough = {},
                  .understood = false};
  if (symbol.size() < kLongestOnOwnStack) {
    read_name(reading);
  } else {
    read_long_name(reading);
  }
  return reading.understood && !reading.name.empty() ? reading.name : shortened(symbol);
}

}  // namespace heapscribe::symbols
