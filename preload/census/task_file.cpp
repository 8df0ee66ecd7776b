#include "preload/census/task_file.h"

#include <fcntl.h>

#include "preload/platform/kernel.h"
#include "preload/platform/text.h"

namespace heapscribe::census {

std::string_view read_task_file(std::uint32_t thread, std::string_view name, char* text,
                                std::size_t capacity) {
  platform::Text<64> path;
  path << "/proc/self/task/" << std::uint64_t{thread} << "/" << name;
  const long file = platform::system_call(SYS_openat, AT_FDCWD, platform::as_argument(path.c_str()),
                                          O_RDONLY | O_CLOEXEC);
  if (platform::failed(file)) return {};
  const long got = platform::system_call(SYS_read, file, platform::as_argument(text),
                                         static_cast<long>(capacity));
  platform::system_call(SYS_close, file);
  return got > 0 ? std::string_view(text, static_cast<std::size_t>(got)) : std::string_view{};
}

}  // namespace heapscribe::census
