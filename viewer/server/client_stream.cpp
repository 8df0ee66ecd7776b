#include "viewer/server/client_stream.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>

namespace heapscribe::viewer {
namespace {

using boost::system::error_code;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

// Who sends a byte now and then is not to outlast the time, though there always is something to
// read.
bool ClientStream::wait(short events, error_code& error) const {
  if (Clock::now() >= deadline_) {
    error = boost::asio::error::timed_out;
    return false;
  }
  std::vector<pollfd> wanted = {{socket_.get(), events, 0}};
  switch (wait_for(wanted, deadline_, {{stop_, POLLIN}})) {
    case Waited::Ready:
      return true;
    case Waited::Interrupted:
      error = boost::asio::error::operation_aborted;
      return false;
    case Waited::TimedOut:
      error = boost::asio::error::timed_out;
      return false;
  }
  return false;
}

std::size_t ClientStream::receive(void* data, std::size_t size, error_code& error) {
  error = {};
  if (size == 0) return 0;
  while (wait(POLLIN, error)) {
    const ssize_t count = recv(socket_.get(), data, size, 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) error = boost::asio::error::eof;
    if (count < 0 && would_block()) continue;
    if (count < 0) error = last_error();
    return 0;
  }
  return 0;
}

std::size_t ClientStream::send(const void* data, std::size_t size, error_code& error) {
  error = {};
  if (size == 0) return 0;
  while (wait(POLLOUT, error)) {
    const ssize_t count = ::send(socket_.get(), data, size, MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (would_block()) continue;
    error = last_error();
    return 0;
  }
  return 0;
}

void ClientStream::finish() {
  constexpr std::chrono::milliseconds kPatience{500};
  shutdown(socket_.get(), SHUT_WR);
  expect_within(kPatience);
  std::array<char, 4096> ignored;  // NOLINT: never read
  for (int i = 0; i < 16; ++i) {
    error_code error;
    if (receive(ignored.data(), ignored.size(), error) == 0) return;
  }
}

}  // namespace heapscribe::viewer
