// The clients that nobody is busy with: who has not asked yet, and who has the answer. One thread
// watches them all, so that who says nothing, says it slowly or stays afterwards takes nobody's
// place.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/error_code.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "preload/collector/file_descriptor.h"
#include "viewer/server/bounds.h"
#include "viewer/server/client_stream.h"

namespace heapscribe::viewer {

struct Client {
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  Client(collector::FileDescriptor socket, int stop);

  ClientStream stream;
  boost::beast::flat_buffer buffer{kLongestHead};
  Parser parser;                    // has the head of the request, if there is no error
  boost::system::error_code error;  // why no request could be read
  Clock::time_point deadline;
  bool is_answered = false;
};

class Reception {
 public:
  // `listener` does not block, and outlives this.
  explicit Reception(int listener);

  // Until `stop` becomes readable.
  void run(int stop);

  // Who has a whole request, or one that cannot be read; waits for the next, and is nullptr once
  // the server ends. For any number of threads.
  std::unique_ptr<Client> next();
  // A client that has its answer.
  void see_out(std::unique_ptr<Client> client);
  // Nobody is waited for any more.
  void end();

 private:
  std::vector<pollfd> watched() const;
  Clock::time_point next_deadline() const;
  void welcome(int stop);
  bool make_room();
  bool dismiss_oldest();
  std::size_t requests_waiting();
  void take_back();
  void attend(const std::vector<pollfd>& polled);
  void listen_to(std::unique_ptr<Client>& client);
  void hand_over(std::unique_ptr<Client>& client);

  int listener_;
  collector::FileDescriptor wake_;                // an eventfd: somebody is to be seen out
  std::vector<std::unique_ptr<Client>> clients_;  // the oldest first
  Clock::time_point accept_from_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Client>> ready_;
  std::vector<std::unique_ptr<Client>> leaving_;
  bool ended_ = false;
};

}  // namespace heapscribe::viewer
