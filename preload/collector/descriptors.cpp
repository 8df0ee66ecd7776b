#include "preload/collector/descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace heapscribe::collector {
namespace {

constexpr int kOutOfTheWay = 64;

}  // namespace

void occupy_standard_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    // The lowest free number is the one that was found closed.
    if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0) return;
  }
}

std::string read_all(const FileDescriptor& file) {
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t length = read(file.get(), part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(length));
  }
}

std::string read_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? read_all(file) : std::string();
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot create a pipe");
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void close_inherited_descriptors() {
  if (close_range(STDERR_FILENO + 1, ~0U, 0) == 0) return;
  const long most = sysconf(_SC_OPEN_MAX);
  for (int number = STDERR_FILENO + 1; number < most; ++number) close(number);
}

FileDescriptor copy_standard_error() {
  return FileDescriptor(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kOutOfTheWay));
}

bool is_standard_error_of(int pid, const FileDescriptor& copy) {
  struct stat theirs {};
  struct stat ours {};
  return stat(fmt::format("/proc/{}/fd/2", pid).c_str(), &theirs) == 0 &&
         fstat(copy.get(), &ours) == 0 && theirs.st_dev == ours.st_dev &&
         theirs.st_ino == ours.st_ino;
}

std::vector<int> inherited_descriptors() {
  std::vector<int> inherited;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int number = std::atoi(entry.path().filename().c_str());
    if (number > STDERR_FILENO) inherited.push_back(number);
  }
  // The listing's own descriptor is among them and is closed by now.
  std::erase_if(inherited, [](int number) { return fcntl(number, F_GETFD) < 0; });
  return inherited;
}

void leave_to_program(const std::vector<int>& inherited) {
  for (const int number : inherited) close(number);
  const FileDescriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing.get() < 0) return;
  dup3(nothing.get(), STDIN_FILENO, O_CLOEXEC);
  dup3(nothing.get(), STDOUT_FILENO, O_CLOEXEC);
}

}  // namespace heapscribe::collector
