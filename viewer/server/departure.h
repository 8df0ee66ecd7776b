// Whether a client still waits for its answer.
//
// A client that has closed its side (FIN) may have gone, as a browser whose page was left or loaded
// anew, or may only have nothing more to say, as `nc -N`. Both look the same until something is
// written: who has gone answers that with a reset. If every FIN were a departure, the second would
// get no answer; if none were, four left reports would hold all places for up to a minute, and
// loading a page anew means to leave several. So something is written: an interim answer, which
// HTTP allows at any time (RFC 9110, 15.2; not to clients of HTTP/1.0), once, and only if the
// report is not done a moment after the FIN, so that simple clients mostly see nothing of it.
#pragma once

#include <poll.h>

#include <optional>

#include "viewer/server/interruption.h"

namespace heapscribe::viewer {

class Departure {
 public:
  Departure(int socket, bool takes_interim_answers)
      : socket_(socket), takes_interim_answers_(takes_interim_answers) {}

  // What to poll for, and until when at most.
  pollfd watched() const;
  std::optional<Clock::time_point> next_look() const;

  // To be told what poll said, and whenever it is time for the next look. May write to the socket.
  bool is_certain(short revents);

 private:
  int socket_;
  bool takes_interim_answers_;
  bool has_closed_ = false;
  std::optional<Clock::time_point> try_at_;
};

}  // namespace heapscribe::viewer
