#include "viewer/server/departure.h"

#include <sys/socket.h>

#include <string_view>

namespace heapscribe::viewer {

pollfd Departure::watched() const {
  // POLLHUP and POLLERR, a reset, are told unasked.
  return {socket_, static_cast<short>(has_closed_ ? 0 : POLLRDHUP), 0};
}

std::optional<Clock::time_point> Departure::next_look() const {
  return try_at_;
}

bool Departure::is_certain(short revents) {
  constexpr std::chrono::milliseconds kMoment{500};
  constexpr std::string_view kInterim = "HTTP/1.1 100 Continue\r\n\r\n";
  if ((revents & (POLLHUP | POLLERR)) != 0) return true;
  if ((revents & POLLRDHUP) != 0 && !has_closed_) {
    has_closed_ = true;
    if (takes_interim_answers_) try_at_ = Clock::now() + kMoment;
  }
  if (try_at_ && Clock::now() >= *try_at_) {
    try_at_.reset();
    // Nothing was written before, so there is room for it, whole.
    send(socket_, kInterim.data(), kInterim.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return false;
}

}  // namespace heapscribe::viewer
