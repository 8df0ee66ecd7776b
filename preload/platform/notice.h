// One line on the target's stderr, "heapscribe: ...". Only while the library starts: later,
// descriptor 2 may be a file of the program's.
#pragma once

#include <string_view>

namespace heapscribe::platform {

void notice(std::string_view sentence, std::string_view detail = {});

}  // namespace heapscribe::platform
