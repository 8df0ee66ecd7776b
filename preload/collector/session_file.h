// The session file from the collector's side: created, kept ahead of the target, removed.
//
// Owned by the collector's process. Two of its threads use it: the heartbeat calls grow(), the
// main thread everything else; `committed` is the only state they share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "preload/collector/file_descriptor.h"
#include "preload/wire/session.h"

namespace heapscribe::collector {

// what() is one sentence with the file's name.
class SessionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the target is to do.
struct Plan {
  // NOLINTNEXTLINE(google-explicit-constructor): a mode is a plan unless it samples.
  Plan(wire::Mode its_mode, std::uint64_t its_mean = 1) : mode(its_mode), sample_mean(its_mean) {}
  wire::Mode mode;
  std::uint64_t sample_mean;  // bytes; for Mode::Sample
};

class SessionFile {
 public:
  // Exactly at `path`, which must not exist.
  static SessionFile create(const std::string& path, const Plan& plan);
  // Under a random name in $HEAPSCRIBE_SESSION_DIR or /dev/shm; if that is refused, in `fallback`.
  static SessionFile create_somewhere(const std::string& fallback, const Plan& plan);
  // One that another collector left behind. Refuses it while that collector lives.
  static SessionFile open(const std::string& path);

  SessionFile(SessionFile&& other) noexcept;
  SessionFile& operator=(SessionFile&&) = delete;
  ~SessionFile();

  const std::string& path() const { return path_; }
  wire::SessionHeader& header() const;
  // Where the recording is written, for whoever finds only the session.
  void note_database(const std::string& path);
  std::string database() const;  // absolute; empty = unknown
  std::span<const std::byte> mapping() const;
  // Bytes that are backed by storage for certain: ours, and what the target has committed itself.
  std::uint64_t committed();

  // Keeps storage ahead of what the target has used.
  // False when the file system refuses more.
  bool grow();
  // Hands the table of a dead thread, whose numbers have been read, to the next one.
  void release(wire::Ref table, wire::Ref owner) const;
  void remove();

 private:
  SessionFile(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  bool lock() const;
  bool reserve(std::uint64_t bytes);  // errno tells why not
  void publish();
  void raise_committed(std::uint64_t bytes);
  bool map(std::uint64_t bytes);
  void write_header(const Plan& plan);

  std::string path_;
  FileDescriptor file_;
  std::byte* base_ = nullptr;
  std::uint64_t size_ = 0;
  std::atomic<std::uint64_t> committed_{0};
};

// To be called before the program starts: its events are wanted one by one. `policy` is block, drop
// or degrade; empty = no trace.
void ask_for_trace(wire::SessionHeader& header, std::string_view policy,
                   std::uint64_t largest_ring);

// Likewise: what lasts `threshold_ns` or longer is wanted as a pause; 0 = time is not to be read.
inline constexpr std::uint64_t kPauseThresholdNs = 100'000;
void ask_for_pauses(wire::SessionHeader& header, std::uint64_t threshold_ns);

// Where sessions are made and leftovers are looked for.
std::string session_folder();
// What the names of sessions start and end with.
inline constexpr std::string_view kSessionPrefix = "heapscribe-";
inline constexpr std::string_view kSessionSuffix = ".session";

}  // namespace heapscribe::collector
