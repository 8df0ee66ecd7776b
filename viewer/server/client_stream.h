// A client's connection as a stream of Beast's: reads what is there, and writes without waiting
// longer than it was told to, and not beyond the end of the server.
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

  int socket() const { return socket_.get(); }

  // All that is written from now on.
  void expect_within(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }

  // Nothing more is written.
  void end_output() const;

  // boost::asio::error::would_block if nothing is there.
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

  std::size_t receive(void* data, std::size_t size, boost::system::error_code& error) const;
  std::size_t send(const void* data, std::size_t size, boost::system::error_code& error) const;
  bool wait_to_send(boost::system::error_code& error) const;

  collector::FileDescriptor socket_;
  int stop_;
  Clock::time_point deadline_ = Clock::now();
};

}  // namespace heapscribe::viewer
