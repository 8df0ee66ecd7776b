#include "preload/census/departure.h"

#include <unwind.h>

#include "preload/platform/own_code.h"

namespace heapscribe::census {
namespace {

// DWARF's numbers of rbx, rbp, r12 to r15, in the order of Departure.
constexpr int kPreserved[wire::kPreservedRegisters] = {3, 6, 12, 13, 14, 15};

constexpr std::uintptr_t kRoom = 128;  // below the frame address: where they are put

struct Search {
  Departure departure;
  bool found;
};

_Unwind_Reason_Code look_at(_Unwind_Context* context, void* argument) {
  if (platform::is_own_code(_Unwind_GetIP(context))) return _URC_NO_REASON;
  auto& search = *static_cast<Search*>(argument);
  for (int i = 0; const int number : kPreserved) {
    search.departure.registers[i++] = _Unwind_GetGR(context, number);
  }
  search.departure.sp = _Unwind_GetCFA(context);
  search.found = true;
  return _URC_END_OF_STACK;
}

}  // namespace

Departure departure_of_caller() {
  Search search{};
  _Unwind_Backtrace(look_at, &search);
  if (search.found) return search.departure;
  __builtin_unwind_init();  // all of them onto the stack
  return {{}, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - sizeof search - kRoom};
}

}  // namespace heapscribe::census
