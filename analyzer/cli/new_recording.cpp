#include "analyzer/cli/new_recording.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "analyzer/model/file_name.h"

namespace heapscribe::cli {
namespace {

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) unlink((path + suffix).c_str());
}

// SQLite says only that it cannot open a file; we say why.
void make_place(const std::string& path, Existing existing) {
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode)) {
      throw std::runtime_error(fmt::format("output '{}' is not a file", path));
    }
    if (existing == Existing::Refuse) {
      throw std::runtime_error(fmt::format(
          "output '{}' exists already; choose another with -o, or replace it with --force", path));
    }
    remove_database(path);
  }
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) {
    throw std::runtime_error(
        fmt::format("cannot write output '{}': {}", path, std::strerror(errno)));
  }
  close(file);
  unlink(path.c_str());
}

}  // namespace

std::string default_output(const std::string& program, pid_t pid) {
  std::string path = fmt::format("heapscribe.{}.{}.db", program, pid);
  for (int number = 2; access(path.c_str(), F_OK) == 0; ++number) {
    path = fmt::format("heapscribe.{}.{}.{}.db", program, pid, number);
  }
  return path;
}

std::string working_directory() {
  std::error_code ignored;
  return std::filesystem::current_path(ignored).string();
}

NewRecording::NewRecording(std::string path, Existing existing)
    : NewRecording(std::move(path), existing, capture::create_recording) {}

NewRecording NewRecording::copy_of(capture::Database& original, std::string path,
                                   Existing existing) {
  return {std::move(path), existing, [&](const std::string& place) {
            original.prepare("VACUUM INTO ?").bind(1, std::string_view(place)).run();
            return capture::open_recording(place, capture::OpenMode::ReadWrite);
          }};
}

NewRecording::NewRecording(std::string path, Existing existing, const Create& create)
    : path_(std::move(path)) {
  make_place(path_, existing);
  try {
    database_ = create(path_);
  } catch (...) {
    remove_database(path_);
    throw;
  }
}

NewRecording::~NewRecording() {
  if (kept_) return;
  database_.reset();
  remove_database(path_);
  if (!session_.empty()) unlink(session_.c_str());
}

std::string NewRecording::folder() const {
  return (std::filesystem::path(working_directory()) / path_).parent_path().string();
}

}  // namespace heapscribe::cli
