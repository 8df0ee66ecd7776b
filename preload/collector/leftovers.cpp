#include "preload/collector/leftovers.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>

#include "preload/collector/descriptors.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {
namespace {

// A process that has mapped the session; its id alone may be another one's by now.
bool has_mapped(pid_t pid, const std::string& path) {
  const std::string maps = read_file(fmt::format("/proc/{}/maps", pid));
  return maps.find(path.substr(path.rfind('/') + 1)) != std::string::npos;
}

// The first object of a process is its program.
std::string program_of(const SessionView& view) {
  const std::vector<wire::Ref> modules = view.modules().refs;
  if (modules.empty()) return {};
  const std::string path = view.module(modules.back()).path;
  return path.substr(path.rfind('/') + 1);
}

bool is_mine(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  struct stat info {};
  return name.starts_with(kSessionPrefix) && name.ends_with(kSessionSuffix) &&
         lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
}

void for_each_session(const std::string& folder,
                      const std::function<void(SessionFile& session)>& visit) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (!is_mine(entry.path())) continue;
    try {
      SessionFile session = SessionFile::open(entry.path());
      visit(session);
    } catch (const SessionError&) {
      continue;  // being recorded, or of another version
    }
  }
}

std::chrono::seconds age_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return std::chrono::seconds(std::max<time_t>(time(nullptr) - info.st_ctime, 0));
}

}  // namespace

Leftover look_at(SessionFile& session) {
  SessionView view(session.mapping(), session.path());
  view.refresh(session.committed());
  Leftover leftover;
  leftover.path = session.path();
  leftover.age = age_of(session.path());
  if (view.header().phase.load(std::memory_order_acquire) == wire::SessionPhase::Waiting) {
    return leftover;
  }
  leftover.pid = static_cast<pid_t>(view.header().pid);
  leftover.program = program_of(view);
  leftover.running = has_mapped(leftover.pid, leftover.path);
  return leftover;
}

std::vector<Leftover> find_leftovers(const std::string& folder) {
  std::vector<Leftover> found;
  for_each_session(folder, [&](SessionFile& session) { found.push_back(look_at(session)); });
  std::sort(found.begin(), found.end(),
            [](const Leftover& left, const Leftover& right) { return left.age > right.age; });
  return found;
}

// Still locked while it is removed, so that nobody else recovers it meanwhile.
std::size_t remove_unbegun(const std::string& folder, std::chrono::seconds patience) {
  std::size_t removed = 0;
  for_each_session(folder, [&](SessionFile& session) {
    const Leftover leftover = look_at(session);
    if (leftover.pid != 0 || leftover.age < patience) return;
    session.remove();
    ++removed;
  });
  return removed;
}

}  // namespace heapscribe::collector
