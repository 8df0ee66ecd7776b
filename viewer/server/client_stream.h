// A client's connection as a stream of Beast's that never waits longer than it was told to, and not
// beyond the end of the server.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <cstddef>
#include <utility>

#include "preload/collector/file_descriptor.h"
#include "viewer/server/interruption.h"

namespace heapscribe::viewer {

class ClientStream {
 public:
  // `socket` does not block. `stop` becomes readable when the server is to end.
  ClientStream(collector::FileDescriptor socket, int stop)
      : socket_(std::move(socket)), stop_(stop) {}

  // All that is read and written from now on.
  void expect_within(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }

  // What ends work for this client early.
  Interruptions interruptions() const { return {{stop_, POLLIN}, {socket_.get(), POLLRDHUP}}; }

  // Says that nothing more comes, and waits a moment for the client to have read it: closing with
  // unread input would take the answer back.
  void finish();

  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    const boost::asio::mutable_buffer buffer = first_of<boost::asio::mutable_buffer>(buffers);
    return receive(buffer.data(), buffer.size(), error);
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
    const boost::asio::const_buffer buffer = first_of<boost::asio::const_buffer>(buffers);
    return send(buffer.data(), buffer.size(), error);
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return checked([&](auto& error) { return read_some(buffers, error); });
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return checked([&](auto& error) { return write_some(buffers, error); });
  }

 private:
  template <typename Buffer, typename Buffers>
  static Buffer first_of(const Buffers& buffers) {
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto i = boost::asio::buffer_sequence_begin(buffers); i != end; ++i) {
      const Buffer buffer = *i;
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }
  template <typename Action>
  static std::size_t checked(const Action& action) {
    boost::system::error_code error;
    const std::size_t bytes = action(error);
    if (error) throw boost::system::system_error(error);
    return bytes;
  }

  std::size_t receive(void* data, std::size_t size, boost::system::error_code& error);
  std::size_t send(const void* data, std::size_t size, boost::system::error_code& error);
  bool wait(short events, boost::system::error_code& error) const;

  collector::FileDescriptor socket_;
  int stop_;
  Clock::time_point deadline_ = Clock::now();
};

}  // namespace heapscribe::viewer
