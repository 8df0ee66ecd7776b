#include "viewer/server/reception.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>

namespace heapscribe::viewer {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using collector::FileDescriptor;

constexpr std::size_t kWake = 0;
constexpr std::size_t kListener = 1;
constexpr std::size_t kClients = 2;

bool is_out_of_room(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

// Nobody is there to read an answer, or has said anything that wants one.
bool wants_no_answer(const Client& client) {
  if (!client.error) return false;
  const bool said_nothing = !client.parser.got_some() && client.buffer.size() == 0;
  if (said_nothing) return true;
  if (client.error == boost::asio::error::timed_out) return false;
  return client.error == http::error::end_of_stream ||
         client.error == http::error::partial_message ||
         client.error.category() == boost::system::system_category();
}

// Throws away what a client still says. False once it has closed.
bool ignore_input(ClientStream& stream) {
  std::array<char, 1 << 14> ignored;  // NOLINT: never read
  error_code error;
  stream.read_some(boost::asio::buffer(ignored), error);
  return !error || error == boost::asio::error::would_block;
}

}  // namespace

Client::Client(FileDescriptor socket, int stop)
    : stream(std::move(socket), stop), deadline(Clock::now() + kTimeToAsk) {
  parser.header_limit(kLongestHead);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // it is refused, and never read
}

Reception::Reception(int listener)
    : listener_(listener),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      accept_from_(Clock::now()) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Reception::run(int stop) {
  while (true) {
    take_back();
    std::vector<pollfd> polled = watched();
    if (wait_for(polled, next_deadline(), {{stop, POLLIN}}) == Waited::Interrupted) return;
    attend(polled);
    // After those that are here: their requests may have come, and then they are not in the way.
    if (polled[kListener].revents != 0) welcome(stop);
  }
}

std::unique_ptr<Client> Reception::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !ready_.empty(); });
  if (ended_) return nullptr;
  std::unique_ptr<Client> client = std::move(ready_.front());
  ready_.pop_front();
  return client;
}

void Reception::see_out(std::unique_ptr<Client> client) {
  client->stream.end_output();
  client->is_answered = true;
  client->deadline = Clock::now() + kTimeToLeave;
  {
    const std::lock_guard lock(mutex_);
    leaving_.push_back(std::move(client));
  }
  eventfd_write(wake_.get(), 1);
}

void Reception::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::vector<pollfd> Reception::watched() const {
  const bool accepting = Clock::now() >= accept_from_;
  std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}, {accepting ? listener_ : -1, POLLIN, 0}};
  for (const auto& client : clients_) polled.push_back({client->stream.socket(), POLLIN, 0});
  return polled;
}

Clock::time_point Reception::next_deadline() const {
  constexpr std::chrono::hours kPatience{1};
  const auto now = Clock::now();
  auto next = accept_from_ > now ? accept_from_ : now + kPatience;
  for (const auto& client : clients_) next = std::min(next, client->deadline);
  return next;
}

void Reception::take_back() {
  eventfd_t times = 0;
  eventfd_read(wake_.get(), &times);
  const std::lock_guard lock(mutex_);
  std::move(leaving_.begin(), leaving_.end(), std::back_inserter(clients_));
  leaving_.clear();
}

void Reception::welcome(int stop) {
  constexpr int kMostAtOnce = 64;  // then the others are listened to again
  for (int i = 0; i < kMostAtOnce && make_room(); ++i) {
    FileDescriptor socket(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (is_out_of_room(errno)) dismiss_oldest();
      return;
    }
    clients_.push_back(std::make_unique<Client>(std::move(socket), stop));
    listen_to(clients_.back());
    if (!clients_.back()) clients_.pop_back();
  }
}

bool Reception::make_room() {
  return clients_.size() + requests_waiting() < kMostWaiting || dismiss_oldest();
}

// Who waits for an answer is never sent away: then new ones stay outside for a while.
bool Reception::dismiss_oldest() {
  constexpr std::chrono::milliseconds kPause{100};
  if (clients_.empty()) {
    accept_from_ = Clock::now() + kPause;
    return false;
  }
  clients_.erase(clients_.begin());
  return true;
}

std::size_t Reception::requests_waiting() {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

void Reception::attend(const std::vector<pollfd>& polled) {
  const auto now = Clock::now();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    std::unique_ptr<Client>& client = clients_[i];
    if (polled[kClients + i].revents != 0) listen_to(client);
    if (!client || now < client->deadline) continue;
    client->error = boost::asio::error::timed_out;
    hand_over(client);
  }
  std::erase(clients_, nullptr);
}

// What it says, as far as it is there. Afterwards there may be no such client here.
void Reception::listen_to(std::unique_ptr<Client>& client) {
  if (client->is_answered) {
    if (!ignore_input(client->stream)) client.reset();
    return;
  }
  http::read_header(client->stream, client->buffer, client->parser, client->error);
  if (client->error != boost::asio::error::would_block) hand_over(client);
}

void Reception::hand_over(std::unique_ptr<Client>& client) {
  if (client->is_answered || wants_no_answer(*client)) return client.reset();
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(client));
  changed_.notify_one();
}

}  // namespace heapscribe::viewer
