#include "preload/collector/session_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <new>
#include <system_error>

namespace heapscribe::collector {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kFirstCommit = 4 * kMiB;
constexpr std::uint64_t kSpare = 8 * kMiB;

// Sparse, so size costs nothing; smaller ones are for limits on file size or address space.
constexpr std::array kCapacities = {wire::kMaxCapacity, 4096 * kMiB, 512 * kMiB};

[[noreturn]] void fail(const std::string& path, std::string_view what, int error) {
  throw SessionError(
      fmt::format("cannot {} the session file '{}': {}", what, path, std::strerror(error)));
}

std::string random_name() {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) {
    random = static_cast<std::uint64_t>(getpid());
  }
  return fmt::format("{}{}-{:016x}{}", kSessionPrefix, getuid(), random, kSessionSuffix);
}

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

std::string session_folder() {
  const char* chosen = std::getenv("HEAPSCRIBE_SESSION_DIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/dev/shm";
}

void ask_for_trace(wire::SessionHeader& header, std::string_view policy,
                   std::uint64_t largest_ring) {
  if (policy == "block") header.trace = wire::TracePolicy::Block;
  if (policy == "drop") header.trace = wire::TracePolicy::Drop;
  if (policy == "degrade") header.trace = wire::TracePolicy::Degrade;
  header.largest_trace_ring = largest_ring;
}

namespace {

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Of the time-stamp counter. To a thousandth: for thresholds that is enough.
std::uint64_t ticks_per_microsecond() {
  constexpr std::uint64_t kMoment = 200'000;
  const std::uint64_t begin_ns = monotonic_ns();
  const std::uint64_t begin = __rdtsc();
  std::uint64_t ns = 0;
  while (ns < kMoment) ns = monotonic_ns() - begin_ns;
  return (__rdtsc() - begin) * 1000 / ns;
}

}  // namespace

void ask_for_pauses(wire::SessionHeader& header, std::uint64_t threshold_ns) {
  header.pause_threshold_ns = threshold_ns;
  header.ticks_per_us = threshold_ns != 0 ? ticks_per_microsecond() : 0;
}

SessionFile SessionFile::create(const std::string& path, const Plan& plan) {
  FileDescriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) fail(path, "create", errno);
  SessionFile session(path, std::move(file));
  int error = 0;
  for (const std::uint64_t capacity : kCapacities) {
    if (ftruncate(session.file_.get(), static_cast<off_t>(capacity)) == 0 && session.map(capacity))
      break;
    error = errno;
  }
  if (session.base_ == nullptr || !session.reserve(kFirstCommit)) {
    if (session.base_ != nullptr) error = errno;
    session.remove();
    fail(path, "find space for", error);
  }
  session.lock();
  session.write_header(plan);
  return session;
}

SessionFile SessionFile::create_somewhere(const std::string& fallback, const Plan& plan) {
  const std::string name = random_name();
  try {
    return create(session_folder() + "/" + name, plan);
  } catch (const SessionError& first) {
    try {
      return create(fallback + "/" + name, plan);
    } catch (const SessionError&) {
      throw first;
    }
  }
}

SessionFile SessionFile::open(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0) fail(path, "open", errno);
  if (!S_ISREG(info.st_mode) || info.st_size < static_cast<off_t>(wire::kHeaderBytes)) {
    throw SessionError(fmt::format("'{}' is not a heapscribe session", path));
  }
  SessionFile session(path, std::move(file));
  if (!session.lock())
    throw SessionError(fmt::format("session '{}' is still being recorded", path));
  if (!session.map(static_cast<std::uint64_t>(info.st_size))) fail(path, "map", errno);
  return session;
}

SessionFile::SessionFile(SessionFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      base_(std::exchange(other.base_, nullptr)),
      size_(other.size_),
      committed_(other.committed_.load()) {}

SessionFile::~SessionFile() {
  if (base_ != nullptr) munmap(base_, size_);
}

wire::SessionHeader& SessionFile::header() const {
  return *reinterpret_cast<wire::SessionHeader*>(base_);
}

void SessionFile::note_database(const std::string& path) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error || absolute.size() >= wire::kDatabasePathBytes) return;
  std::memcpy(base_ + wire::kDatabasePathAt, absolute.c_str(), absolute.size() + 1);
}

std::string SessionFile::database() const {
  const char* text = reinterpret_cast<const char*>(base_ + wire::kDatabasePathAt);
  return {text, strnlen(text, wire::kDatabasePathBytes)};
}

std::span<const std::byte> SessionFile::mapping() const {
  return {base_, size_};
}

// A lock ends with its process, so it tells a dead collector from a living one better than a
// process id that may have been given away again.
bool SessionFile::lock() const {
  return flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
}

bool SessionFile::map(std::uint64_t bytes) {
  void* mapped =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_.get(), 0);
  if (mapped == MAP_FAILED) return false;
  base_ = static_cast<std::byte*>(mapped);
  size_ = bytes;
  return true;
}

// Does not look into the mapping: at first there is nothing behind it.
bool SessionFile::reserve(std::uint64_t bytes) {
  const std::uint64_t from = committed_.load(std::memory_order_acquire);
  if (from >= bytes) return true;
  int error = 0;
  do {
    error =
        posix_fallocate(file_.get(), static_cast<off_t>(from), static_cast<off_t>(bytes - from));
  } while (error == EINTR);
  if (error == 0) raise_committed(bytes);
  errno = error;
  return error == 0;
}

void SessionFile::write_header(const Plan& plan) {
  auto* header = new (base_) wire::SessionHeader{};
  header->version = wire::kSessionVersion;
  header->header_bytes = sizeof(wire::SessionHeader);
  header->capacity = size_;
  header->mode = plan.mode;
  header->sample_mean = plan.sample_mean;
  header->collector_pid = static_cast<std::uint32_t>(getpid());
  header->used.store(wire::kHeaderBytes, std::memory_order_relaxed);
  header->committed.store(committed_.load(), std::memory_order_relaxed);
  header->magic = wire::kSessionMagic;
}

// The header may be scribbled over. Storage is contiguous from the start, so the number of blocks
// bounds what can be read without asking a full file system for more.
std::uint64_t SessionFile::committed() {
  const std::uint64_t claimed = header().committed.load(std::memory_order_acquire);
  if (claimed > committed_.load(std::memory_order_acquire)) {
    struct stat info {};
    if (fstat(file_.get(), &info) == 0) {
      raise_committed(std::min({size_, static_cast<std::uint64_t>(info.st_blocks) * 512, claimed}));
    }
  }
  return committed_.load(std::memory_order_acquire);
}

void SessionFile::raise_committed(std::uint64_t bytes) {
  std::uint64_t seen = committed_.load(std::memory_order_relaxed);
  while (seen < bytes &&
         !committed_.compare_exchange_weak(seen, bytes, std::memory_order_release)) {
  }
}

// The target raises the same number when it is faster than we are.
void SessionFile::publish() {
  std::atomic<std::uint64_t>& shared = header().committed;
  const std::uint64_t ours = committed_.load(std::memory_order_acquire);
  std::uint64_t seen = shared.load(std::memory_order_relaxed);
  while (seen < ours && !shared.compare_exchange_weak(seen, ours, std::memory_order_release)) {
  }
}

bool SessionFile::grow() {
  const std::uint64_t asked = std::max(header().used.load(std::memory_order_relaxed),
                                       header().wanted.load(std::memory_order_relaxed));
  const std::uint64_t used = std::min(asked, size_);
  const std::uint64_t spare = std::max(kSpare, used / 4);
  const std::uint64_t present = committed();
  if (present >= std::min(used + spare, size_)) return true;
  const std::uint64_t most = std::min(round_up(used + spare + spare / 2, kMiB), size_);
  // Nearly full: take what there is.
  for (std::uint64_t step = most - present; step >= kMiB / 4; step /= 4) {
    if (!reserve(present + step)) continue;
    publish();
    return true;
  }
  return false;
}

void SessionFile::release(wire::Ref table, wire::Ref owner) const {
  auto* counters =
      reinterpret_cast<wire::CounterTable*>(base_ + std::uint64_t{table} * wire::kUnit);
  // The target may have handed the table on itself meanwhile: claim it before looking.
  wire::TableState expected = wire::TableState::Owned;
  if (!counters->state.compare_exchange_strong(expected, wire::TableState::Claimed)) return;
  const bool unchanged = counters->owner.load(std::memory_order_relaxed) == owner;
  counters->state.store(unchanged ? wire::TableState::Free : wire::TableState::Owned,
                        std::memory_order_release);
}

void SessionFile::remove() {
  unlink(path_.c_str());
}

}  // namespace heapscribe::collector
