#include "viewer/server/client_stream.h"

#include <sys/socket.h>

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

std::size_t ClientStream::receive(void* data, std::size_t size, error_code& error) const {
  error = {};
  if (size == 0) return 0;
  const ssize_t count = recv(socket_.get(), data, size, 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == 0) {
    error = boost::asio::error::eof;
  } else if (would_block()) {
    error = boost::asio::error::would_block;
  } else {
    error = last_error();
  }
  return 0;
}

// Who takes a byte now and then is not to outlast the time, though there always is room for one.
bool ClientStream::wait_to_send(error_code& error) const {
  if (Clock::now() >= deadline_) {
    error = boost::asio::error::timed_out;
    return false;
  }
  std::vector<pollfd> wanted = {{socket_.get(), POLLOUT, 0}};
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

std::size_t ClientStream::send(const void* data, std::size_t size, error_code& error) const {
  error = {};
  if (size == 0) return 0;
  while (wait_to_send(error)) {
    const ssize_t count = ::send(socket_.get(), data, size, MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (would_block()) continue;
    error = last_error();
    return 0;
  }
  return 0;
}

void ClientStream::end_output() const {
  shutdown(socket_.get(), SHUT_WR);
}

}  // namespace heapscribe::viewer
