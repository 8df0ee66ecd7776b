#include "analyzer/cli/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace heapscribe::cli {
namespace {

namespace fs = std::filesystem;

// Behind a symbolic link the file itself, so that the link stays one.
std::string target_of(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  return error ? path : target.string();
}

// An open file that goes unless it is kept.
class Draft {
 public:
  explicit Draft(const std::string& path)
      : path_(path + "." + std::to_string(getpid()) + ".new"),
        file_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (file_ >= 0) close(file_);
    if (file_ >= 0 && !kept_) unlink(path_.c_str());
  }

  bool is_open() const { return file_ >= 0; }
  bool write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(file_, text.data(), text.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    return fsync(file_) == 0;
  }
  bool becomes(const std::string& path) { return kept_ = rename(path_.c_str(), path.c_str()) == 0; }

 private:
  std::string path_;
  int file_;
  bool kept_ = false;
};

}  // namespace

void write_whole_file(const std::string& path, const std::string& text) {
  const std::string target = target_of(path);
  std::error_code error;
  if (fs::exists(target, error) && !fs::is_regular_file(target, error)) {
    throw std::runtime_error("cannot write '" + path + "': it is not a file");
  }
  Draft draft(target);
  if (draft.is_open() && draft.write(text) && draft.becomes(target)) return;
  throw std::runtime_error("cannot write '" + path + "': " + std::strerror(errno));
}

}  // namespace heapscribe::cli
