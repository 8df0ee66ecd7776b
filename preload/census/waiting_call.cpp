#include "preload/census/waiting_call.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <cerrno>
#include <ctime>
#include <string_view>

#include "preload/census/task_file.h"

namespace heapscribe::census {
namespace {

// "0x7ffd..." or a decimal number; moves on behind the word.
bool next_number(std::string_view& line, std::uintptr_t& value) {
  while (line.starts_with(' ')) line.remove_prefix(1);
  const bool hexadecimal = line.starts_with("0x");
  if (hexadecimal) line.remove_prefix(2);
  value = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && line[digits] != ' ' && line[digits] != '\n'; ++digits) {
    const char c = line[digits];
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (!hexadecimal || c < 'a' || c > 'f')) return false;
    const auto number = static_cast<std::uintptr_t>(is_digit ? c - '0' : c - 'a' + 10);
    value = value * (hexadecimal ? 16 : 10) + number;
  }
  line.remove_prefix(digits);
  return digits > 0;
}

constexpr std::int32_t kOneSecond = 1000;      // ms
constexpr std::uintptr_t kWaitForAll = 0x100;  // MSG_WAITALL: what came already would be all

bool is_short(std::uintptr_t milliseconds) {
  const auto limit = static_cast<std::int32_t>(milliseconds);
  return limit <= kOneSecond;  // below 0: none
}

// Of a sleeper that nobody tells how long it has slept already.
bool is_short_sleep(std::uintptr_t time) {
  return time != 0 && reinterpret_cast<const timespec*>(time)->tv_sec < 1;
}

bool can_repeat_futex(const WaitingCall& call) {
  const auto operation = static_cast<int>(call.arguments[1]) & FUTEX_CMD_MASK;
  return operation != FUTEX_WAIT || call.arguments[3] == 0;  // others wait until a moment
}

bool follows_syscall(std::uintptr_t pc) {
  const auto* const code = reinterpret_cast<const unsigned char*>(pc);
  return code[-2] == 0x0F && code[-1] == 0x05;
}

// mov $NUMBER, %eax; syscall
long number_set_before(std::uintptr_t pc) {
  const auto* const code = reinterpret_cast<const unsigned char*>(pc);
  constexpr unsigned char kMoveToEax = 0xB8;
  if (code[-7] != kMoveToEax) return -1;
  return code[-6] | code[-5] << 8 | code[-4] << 16;
}

}  // namespace

WaitingCall parse_waiting_call(std::string_view line) {
  WaitingCall call;
  if (line.starts_with("running") || line.starts_with("-1 ")) {
    call.state = WaitingCall::State::Running;
    return call;
  }
  std::uintptr_t number = 0;
  if (!next_number(line, number)) return call;
  for (std::uintptr_t& argument : call.arguments) {
    if (!next_number(line, argument)) return call;
  }
  if (!next_number(line, call.sp) || !next_number(line, call.pc)) return call;
  call.number = static_cast<long>(number);
  call.state = WaitingCall::State::Waiting;
  return call;
}

WaitingCall waiting_call_of(std::uint32_t thread) {
  char text[256] = {};
  return parse_waiting_call(read_task_file(thread, "syscall", text, sizeof text));
}

bool can_be_taken_up_again(const WaitingCall& call) {
  const std::uintptr_t* const arguments = call.arguments;
  switch (call.number) {
    case SYS_read:
    case SYS_readv:
    case SYS_accept:
    case SYS_accept4:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_flock:
    case SYS_semop:
    case SYS_msgrcv:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_select:  // these two and ppoll: the kernel notes what is left of the time
    case SYS_pselect6:
    case SYS_ppoll:
      return true;
    case SYS_futex:
      return can_repeat_futex(call);
    case SYS_recvfrom:
      return (arguments[3] & kWaitForAll) == 0;
    case SYS_recvmsg:
      return (arguments[2] & kWaitForAll) == 0;
    case SYS_poll:
      return is_short(arguments[2]);
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
      return is_short(arguments[3]);
    case SYS_nanosleep:
      return arguments[1] != 0 || is_short_sleep(arguments[0]);
    case SYS_clock_nanosleep:
      return (arguments[1] & TIMER_ABSTIME) != 0 || arguments[3] != 0 ||
             is_short_sleep(arguments[2]);
    default:
      return false;
  }
}

void take_up_again(const WaitingCall& known, ucontext_t& context) {
  auto& registers = context.uc_mcontext.gregs;
  const auto pc = static_cast<std::uintptr_t>(registers[REG_RIP]);
  if (registers[REG_RAX] != -EINTR || !follows_syscall(pc)) return;
  const long number = known.pc == pc ? known.number : number_set_before(pc);
  WaitingCall call{.state = WaitingCall::State::Waiting, .number = number};
  constexpr int kArguments[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  for (int i = 0; const int argument : kArguments) {
    call.arguments[i++] = static_cast<std::uintptr_t>(registers[argument]);
  }
  if (!can_be_taken_up_again(call)) return;
  // What is left of a sleep stands where the program asked to be told.
  if (number == SYS_nanosleep && call.arguments[1] != 0) registers[REG_RDI] = registers[REG_RSI];
  if (number == SYS_clock_nanosleep && (call.arguments[1] & TIMER_ABSTIME) == 0 &&
      call.arguments[3] != 0) {
    registers[REG_RDX] = registers[REG_R10];
  }
  registers[REG_RAX] = number;
  registers[REG_RIP] -= 2;
}

}  // namespace heapscribe::census
