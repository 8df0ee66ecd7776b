#include "preload/collector/target_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "preload/collector/descriptors.h"

namespace heapscribe::collector {
namespace {

// Linux 6.15; newer than the headers we are built with.
struct PidfdInfo {
  std::uint64_t mask = 0, cgroup = 0;
  std::uint32_t ids[11] = {};
  std::int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr std::uint64_t kPidfdInfoExit = 1U << 3;
constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);

// Fields of /proc/PID/stat after the program's name, counted as in proc(5).
constexpr std::size_t kStateField = 3;
constexpr std::array<std::size_t, 3> kImageFields = {26, 27, 28};  // code and stack
constexpr std::uint64_t kNoImage = 1;  // the code begins there if it may not be seen, at 0 if gone
constexpr std::size_t kExitCodeField = 52;

std::vector<std::string> stat_fields(const std::string& text) {
  std::vector<std::string> fields(kStateField);  // index = number of the field
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream words(text.substr(name_end + 1));
  for (std::string word; words >> word;) fields.push_back(word);
  if (fields.size() <= kExitCodeField) return {};
  return fields;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The value behind `name`, which is "\nName:\t", in /proc/PID/status.
std::optional<std::uint64_t> status_value(std::string_view status, std::string_view name) {
  const std::size_t at = status.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  return number(status.substr(at + name.size()));
}

bool is_gone(const std::vector<std::string>& fields) {
  return fields.empty() || fields[kStateField] == "Z" || fields[kStateField] == "X";
}

}  // namespace

TargetProcess::TargetProcess(pid_t pid) : pid_(pid) {
  pidfd_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

std::string TargetProcess::proc(const char* entry) const {
  return fmt::format("/proc/{}/{}", pid_, entry);
}

bool TargetProcess::ended_within(std::chrono::milliseconds patience) {
  if (pidfd_) {
    pollfd watch{pidfd_.get(), POLLIN, 0};
    return poll(&watch, 1, static_cast<int>(patience.count())) > 0;
  }
  std::this_thread::sleep_for(patience);
  return is_gone(stat_fields(read_file(proc("stat"))));
}

// A process that nobody has waited for yet shows its status in /proc; afterwards the kernel keeps
// it with the pidfd.
std::optional<int> TargetProcess::wait_status() {
  const std::vector<std::string> fields = stat_fields(read_file(proc("stat")));
  if (!fields.empty() && fields[kStateField] == "Z") {
    const int status = static_cast<int>(number(fields[kExitCodeField]));
    if (geteuid() == 0 || status != 0) return status;
  }
  if (!pidfd_) return std::nullopt;
  constexpr int kReaperPatience = 200;
  pollfd reaped{pidfd_.get(), 0, 0};
  poll(&reaped, 1, kReaperPatience);
  PidfdInfo info{.mask = kPidfdInfoExit};
  if (ioctl(pidfd_.get(), kPidfdGetInfo, &info) != 0 || (info.mask & kPidfdInfoExit) == 0) {
    return std::nullopt;
  }
  return info.exit_code;
}

bool TargetProcess::alive(std::uint32_t tid) {
  return access(fmt::format("/proc/{}/task/{}", pid_, tid).c_str(), F_OK) == 0;
}

std::string TargetProcess::name(std::uint32_t tid) {
  std::string name = read_file(fmt::format("/proc/{}/task/{}/comm", pid_, tid));
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

std::uint64_t TargetProcess::resident_bytes() {
  if (!statm_) statm_ = FileDescriptor(open(proc("statm").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  const ssize_t length = pread(statm_.get(), text.data(), text.size(), 0);
  if (length <= 0) return 0;
  const std::string_view fields(text.data(), static_cast<std::size_t>(length));
  const std::size_t space = fields.find(' ');
  if (space == std::string_view::npos) return 0;
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return number(fields.substr(space + 1)) * page;
}

std::string image_of(const std::string& stat) {
  const std::vector<std::string> fields = stat_fields(stat);
  if (is_gone(fields) || number(fields[kImageFields.front()]) <= kNoImage) return {};
  std::string image;
  for (const std::size_t field : kImageFields) image += fields[field] + ' ';
  return image;
}

std::string TargetProcess::image() const {
  return image_of(read_file(proc("stat")));
}

std::string TargetProcess::executable() const {
  std::array<char, 4096> path{};
  const ssize_t length = readlink(proc("exe").c_str(), path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

std::string TargetProcess::command_name() const {
  std::string name = read_file(proc("comm"));
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

SeccompWatch::SeccompWatch(pid_t pid)
    : status_(open(fmt::format("/proc/{}/status", pid).c_str(), O_RDONLY | O_CLOEXEC)) {}

std::optional<std::uint64_t> SeccompWatch::filters() const {
  std::array<char, 8192> text;  // NOLINT(*-member-init): filled by the kernel
  const ssize_t length = pread(status_.get(), text.data(), text.size(), 0);
  if (length <= 0) return std::nullopt;
  const std::string_view status(text.data(), static_cast<std::size_t>(length));
  const auto mode = status_value(status, "\nSeccomp:\t");
  if (!mode) return std::nullopt;
  const std::uint64_t filters = status_value(status, "\nSeccomp_filters:\t").value_or(0);
  return *mode << 32 | filters;
}

std::vector<std::string> command_line(pid_t pid) {
  std::vector<std::string> arguments;
  std::istringstream text(read_file(fmt::format("/proc/{}/cmdline", pid)));
  for (std::string argument; std::getline(text, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

}  // namespace heapscribe::collector
