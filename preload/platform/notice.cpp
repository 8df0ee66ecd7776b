#include "preload/platform/notice.h"

#include "preload/platform/kernel.h"
#include "preload/platform/text.h"

namespace heapscribe::platform {

void notice(std::string_view sentence, std::string_view detail) {
  Text<512> line;
  line << "heapscribe: " << sentence << detail << "\n";
  system_call(SYS_write, 2, as_argument(line.c_str()), static_cast<long>(line.view().size()));
}

}  // namespace heapscribe::platform
