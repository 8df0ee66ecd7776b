#include "preload/collector/target_check.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>
#include <string_view>

#include "preload/collector/file_descriptor.h"

namespace heapscribe::collector {
namespace {

constexpr int kMostInterpreters = 4;  // as the kernel follows them
constexpr std::size_t kHeadBytes = 256;

enum class Found { Runnable, Missing, NotExecutable, Directory };

Found look_at(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return errno == EACCES ? Found::NotExecutable : Found::Missing;
  if (S_ISDIR(info.st_mode)) return Found::Directory;
  const bool runs =
      S_ISREG(info.st_mode) && faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
  return runs ? Found::Runnable : Found::NotExecutable;
}

[[noreturn]] void refuse(const std::string& name, Found found) {
  switch (found) {
    case Found::Directory:
      throw UnfitTarget(fmt::format("'{}' is a directory, not a program", name));
    case Found::NotExecutable:
      throw UnfitTarget(
          fmt::format("'{}' is not executable; make it so with chmod +x, or name a program", name));
    default:
      throw UnfitTarget(
          fmt::format("program '{}' not found; check the spelling and the PATH", name));
  }
}

class ElfFile {
 public:
  // Throws UnfitTarget if the file cannot be opened for another reason than its permissions.
  explicit ElfFile(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    readable_ = static_cast<bool>(file_);
    if (!readable_ && errno != EACCES) {
      throw UnfitTarget(fmt::format("cannot look into '{}': {}", path, std::strerror(errno)));
    }
    is_elf_ =
        readable_ && read_at(0, header_) && std::memcmp(header_.e_ident, ELFMAG, SELFMAG) == 0;
  }
  bool readable() const { return readable_; }
  bool is_elf() const { return is_elf_; }
  bool is_32_bit() const { return header_.e_ident[EI_CLASS] == ELFCLASS32; }
  bool is_for_this_machine() const {
    return header_.e_ident[EI_CLASS] == ELFCLASS64 && header_.e_ident[EI_DATA] == ELFDATA2LSB &&
           header_.e_machine == EM_X86_64;
  }
  bool is_shared() const { return header_.e_type == ET_DYN; }
  const char* kind() const {
    if (!readable_) return "not readable";
    if (!is_elf_) return "no library";
    if (is_32_bit()) return "a 32-bit library";
    return is_for_this_machine() ? "not a shared library" : "for another machine";
  }
  // The dynamic linker; nothing for a static program.
  std::optional<std::string> interpreter() const {
    for (unsigned index = 0; index < header_.e_phnum; ++index) {
      Elf64_Phdr segment{};
      if (!read_at(header_.e_phoff + std::uint64_t{index} * header_.e_phentsize, segment)) break;
      if (segment.p_type == PT_INTERP) return text_at(segment.p_offset);
    }
    return std::nullopt;
  }
  // A program may be laid out as a library is, and the C library can be run: only the one has a
  // name that others link to.
  bool is_program() const { return interpreter().has_value() && !has_soname(); }
  // The start of the file.
  std::string head() const { return text_at(0); }

 private:
  template <typename Value>
  bool read_at(std::uint64_t offset, Value& value) const {
    return pread(file_.get(), &value, sizeof value, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(sizeof value);
  }
  bool has_soname() const {
    for (unsigned index = 0; index < header_.e_phnum; ++index) {
      Elf64_Phdr segment{};
      if (!read_at(header_.e_phoff + std::uint64_t{index} * header_.e_phentsize, segment)) break;
      if (segment.p_type != PT_DYNAMIC) continue;
      for (std::uint64_t at = 0; at < segment.p_filesz; at += sizeof(Elf64_Dyn)) {
        Elf64_Dyn entry{};
        if (!read_at(segment.p_offset + at, entry) || entry.d_tag == DT_NULL) break;
        if (entry.d_tag == DT_SONAME) return true;
      }
    }
    return false;
  }
  std::string text_at(std::uint64_t offset) const {
    std::array<char, kHeadBytes + 1> text{};
    if (pread(file_.get(), text.data(), kHeadBytes, static_cast<off_t>(offset)) < 0) return {};
    return text.data();
  }

  FileDescriptor file_;
  Elf64_Ehdr header_{};
  bool readable_ = false;
  bool is_elf_ = false;
};

// What the kernel would run for the script: "#! interpreter argument".
std::string interpreter_of_script(const std::string& head) {
  if (!head.starts_with("#!")) return "/bin/sh";  // execvp's way with a file of no known kind
  std::istringstream words(head.substr(2, head.find('\n') - 2));
  std::string interpreter;
  words >> interpreter;
  return interpreter;
}

bool gains_privileges(const struct stat& info) {
  const bool other_user = (info.st_mode & S_ISUID) != 0 && info.st_uid != geteuid();
  const bool other_group =
      (info.st_mode & S_ISGID) != 0 && (info.st_mode & S_IXGRP) != 0 && info.st_gid != getegid();
  return other_user || other_group;
}

bool has_capabilities(const std::string& path) {
  return geteuid() != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
}

bool privileges_are_ignored(const std::string& path) {
  struct statvfs mount {};
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return true;
  return statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
}

// The dynamic linker ignores LD_PRELOAD in programs that run with more rights than their caller.
void check_privileges(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || privileges_are_ignored(path)) return;
  const char* reason = nullptr;
  if (gains_privileges(info)) reason = "is setuid or setgid";
  if (has_capabilities(path)) reason = "has file capabilities";
  if (reason == nullptr) return;
  throw UnfitTarget(
      fmt::format("'{}' {}, so libraries cannot be preloaded into it; record a copy without that "
                  "privilege, or run heapscribe as its owner",
                  path, reason));
}

void check_elf(const std::string& path, const ElfFile& program) {
  if (!program.is_for_this_machine()) {
    throw UnfitTarget(
        fmt::format("'{}' is {}; record one built for this machine's 64-bit mode", path,
                    program.is_32_bit() ? "a 32-bit program" : "a program for another machine"));
  }
  const auto interpreter = program.interpreter();
  if (!interpreter) {
    throw UnfitTarget(
        fmt::format("'{}' is statically linked, so no library can be preloaded into it; link it "
                    "dynamically (without -static) to record it",
                    path));
  }
  if (interpreter->find("ld-musl") != std::string::npos) {
    throw UnfitTarget(fmt::format("'{}' is linked with musl; record a build for glibc", path));
  }
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    const Found found = look_at(name);
    if (found != Found::Runnable) refuse(name, found);
    return name;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
  Found worst = Found::Missing;
  for (std::string folder; !name.empty() && std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    const Found found = look_at(candidate);
    if (found == Found::Runnable) return candidate;
    if (found == Found::NotExecutable) worst = found;
  }
  refuse(name, worst);
}

void check_target(const std::string& path) {
  std::string file = path;
  for (int depth = 0; depth <= kMostInterpreters; ++depth) {
    const ElfFile program(file);
    if (!program.readable()) return;
    if (program.is_elf()) {
      check_privileges(file);
      check_elf(file, program);
      return;
    }
    const std::string interpreter = interpreter_of_script(program.head());
    if (look_at(interpreter) != Found::Runnable) {
      throw UnfitTarget(fmt::format("'{}' asks for the interpreter '{}', which cannot be run", file,
                                    interpreter));
    }
    file = interpreter;
  }
  throw UnfitTarget(fmt::format("'{}' leads from interpreter to interpreter without end", path));
}

std::string find_allocator(const std::string& name) {
  if (name == "system" || name == "pool") return {};
  if (name.find('/') == std::string::npos) {
    throw UnfitTarget(fmt::format(
        "allocator '{}' is not known; name system, pool, or the path of a library", name));
  }
  if (look_at(name) == Found::Directory) {
    throw UnfitTarget(fmt::format("allocator '{}' is a directory, not a library", name));
  }
  const ElfFile library(name);
  if (library.is_elf() && library.is_program()) {
    throw UnfitTarget(fmt::format("allocator '{}' is a program, not a library", name));
  }
  if (!library.is_elf() || !library.is_for_this_machine() || !library.is_shared()) {
    throw UnfitTarget(fmt::format("allocator '{}' is {}; name a shared library for this machine",
                                  name, library.kind()));
  }
  std::array<char, PATH_MAX> absolute{};
  if (realpath(name.c_str(), absolute.data()) == nullptr) {
    throw UnfitTarget(fmt::format("cannot look into '{}': {}", name, std::strerror(errno)));
  }
  std::string path(absolute.data());
  if (path.find_first_of(": ") != std::string::npos) {
    throw UnfitTarget(fmt::format(
        "allocator '{}' has a space or colon in its path, which LD_PRELOAD cannot hold", path));
  }
  return path;
}

}  // namespace heapscribe::collector
