#include "preload/collector/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

#include "preload/collector/session_file.h"

namespace heapscribe::collector {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{5};

bool is_session_name(const std::string& name) {
  return name.starts_with(kSessionPrefix) && name.ends_with(kSessionSuffix);
}

// Others may put files into the same folder; only root asks for them too.
bool is_mine(int file) {
  struct stat info {};
  return fstat(file, &info) == 0 && (info.st_uid == geteuid() || geteuid() == 0);
}

// What the header says, without touching the file; nothing if it is no session of ours.
bool read_header(const std::string& path, wire::SessionHeader& copy) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  auto* bytes = reinterpret_cast<char*>(&copy);
  return file && is_mine(file.get()) &&
         read(file.get(), bytes, sizeof copy) == static_cast<ssize_t>(sizeof copy) &&
         copy.magic == wire::kSessionMagic && copy.version == wire::kSessionVersion;
}

}  // namespace

std::string find_session(const std::string& folder, pid_t pid) {
  const auto wanted = static_cast<std::uint32_t>(pid);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (!is_session_name(entry.path().filename())) continue;
    wire::SessionHeader header{};
    if (!read_header(entry.path(), header)) continue;
    if (header.pid == wanted || header.collector_pid == wanted) return entry.path();
  }
  throw ControlError(
      fmt::format("process {} is not being recorded, as far as '{}' tells; try the database's name",
                  pid, folder));
}

Control::Control(const std::string& session) : path_(session) {
  file_ = ::open(session.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  struct stat info {};
  if (file_ < 0 || fstat(file_, &info) != 0) {
    const int error = errno;
    throw ControlError(
        error == ENOENT
            ? fmt::format("the recording is over: its session '{}' is gone", session)
            : fmt::format("cannot open the session '{}': {}", session, std::strerror(error)));
  }
  const bool fits = S_ISREG(info.st_mode) && info.st_size >= static_cast<off_t>(wire::kHeaderBytes);
  void* mapped =
      fits ? mmap(nullptr, wire::kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0)
           : MAP_FAILED;
  if (mapped != MAP_FAILED) header_ = static_cast<wire::SessionHeader*>(mapped);
  const bool ours = header_ != nullptr && header_->magic == wire::kSessionMagic &&
                    header_->version == wire::kSessionVersion;
  const bool lives = ours && collector_lives();
  if (lives) return;
  if (header_ != nullptr) munmap(header_, wire::kHeaderBytes);
  close(file_);
  throw ControlError(
      ours ? fmt::format("nobody records into '{}' any more; see heapscribe recover", session)
           : fmt::format("'{}' is not a session of this version of heapscribe", session));
}

Control::~Control() {
  munmap(header_, wire::kHeaderBytes);
  close(file_);
}

// It holds the lock for as long as it lives.
bool Control::collector_lives() const {
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) return true;
  flock(file_, LOCK_UN);
  return false;
}

pid_t Control::target() const {
  return static_cast<pid_t>(header_->pid);
}

std::string Control::database() const {
  const char* text = reinterpret_cast<const char*>(header_) + wire::kDatabasePathAt;
  return {text, strnlen(text, wire::kDatabasePathBytes)};
}

wire::Request& Control::claim(Clock::time_point deadline) {
  for (;;) {
    for (wire::Request& request : header_->requests) {
      wire::RequestState expected = wire::RequestState::Free;
      if (request.state.compare_exchange_strong(expected, wire::RequestState::Claimed)) {
        return request;
      }
    }
    if (Clock::now() > deadline) {
      throw ControlError(
          fmt::format("too many requests wait for the collector of process {}", target()));
    }
    std::this_thread::sleep_for(kPause);
  }
}

// 0 = it cannot be done.
std::uint32_t Control::ask(wire::RequestVerb verb, const std::string& label,
                           std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  wire::Request& request = claim(deadline);
  request.verb = verb;
  request.origin = wire::RequestOrigin::Command;
  request.answer.store(0, std::memory_order_relaxed);
  std::memset(request.label, 0, wire::kLabelBytes);
  label.copy(request.label, wire::kLabelBytes - 1);
  request.state.store(wire::RequestState::Ready, std::memory_order_release);
  while (request.state.load(std::memory_order_acquire) != wire::RequestState::Answered) {
    if (!collector_lives()) {
      throw ControlError(
          fmt::format("the recording of process {} ended before it could answer", target()));
    }
    if (Clock::now() > deadline) {
      const bool waits_for_program = verb == wire::RequestVerb::LeakCheck &&
                                     header_->asked_census.state.load() == wire::CensusState::Asked;
      // Unless the answer comes this very moment, nobody is to take it any more.
      wire::RequestState ready = wire::RequestState::Ready;
      if (request.state.compare_exchange_strong(ready, wire::RequestState::Free)) {
        throw ControlError(fmt::format(
            "{} {} did not {} within {} s",
            waits_for_program ? "process" : "the collector of process", target(),
            waits_for_program ? "allocate or release anything, which a leak check waits for,"
                              : "answer",
            std::chrono::duration_cast<std::chrono::seconds>(patience).count()));
      }
    }
    std::this_thread::sleep_for(kPause);
  }
  const std::uint32_t answer = request.answer.load(std::memory_order_relaxed);
  request.state.store(wire::RequestState::Free, std::memory_order_release);
  return answer;
}

std::uint32_t Control::snapshot(const std::string& label, std::chrono::milliseconds patience) {
  const std::uint32_t number = ask(wire::RequestVerb::Snapshot, label, patience);
  if (number == 0) {
    throw ControlError(fmt::format(
        "no snapshot of process {}: its recording is ending, is full, or cannot be written",
        target()));
  }
  return number;
}

std::string Control::reason_for_no_leak_check() const {
  if (header_->census_wanted == 0) return "it is recorded without";
  const auto text = [](wire::CensusRefusal why) {
    const auto number = static_cast<std::size_t>(why);
    return std::string(
        wire::kCensusRefusalTexts[number < std::size(wire::kCensusRefusalTexts) ? number : 0]);
  };
  if (header_->restricted.load() != 0) return text(wire::CensusRefusal::Restricted);
  return text(header_->asked_census.refusal.load());
}

void Control::check_leaks(std::chrono::milliseconds patience) {
  if (ask(wire::RequestVerb::LeakCheck, "", patience) != 0) return;
  throw ControlError(
      fmt::format("no leak check of process {}: {}", target(), reason_for_no_leak_check()));
}

bool Control::is_paused() const {
  return header_->interruption.since_ns.load(std::memory_order_relaxed) != 0;
}

void Control::pause_recording(std::chrono::milliseconds patience) {
  if (header_->mode == wire::Mode::Sample) {
    throw ControlError(
        fmt::format("recording of process {} cannot be paused: not with --mode sample", target()));
  }
  wish(wire::RecordingWish::Pause, patience);
}

void Control::resume_recording(std::chrono::milliseconds patience) {
  wish(wire::RecordingWish::Resume, patience);
}

void Control::wish(wire::RecordingWish wanted, std::chrono::milliseconds patience) {
  const bool paused = wanted == wire::RecordingWish::Pause;
  const Clock::time_point deadline = Clock::now() + patience;
  if (is_paused() != paused) {
    header_->watch.ring();
    header_->interruption.wanted = wanted;
  }
  while (is_paused() != paused) {
    if (Clock::now() > deadline || !collector_lives()) {
      const bool followed =
          header_->interruption.wanted.exchange(wire::RecordingWish::None) != wanted;
      if (!followed) header_->watch.silence();
      throw ControlError(
          fmt::format("process {} did not follow: it ended, or allocates nothing; its recording "
                      "is {} as before",
                      target(), is_paused() ? "paused" : "going on"));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace heapscribe::collector
