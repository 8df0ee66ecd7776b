// A server that works for as many seconds as its argument says (10), 500 requests a second, and
// forgets the sessions of clients that leave without a word.
//
// To be found: `heapscribe growth` gives steady_growth to SessionTable::open, and to no other
// place: one request in four opens a session that is never closed, so that some 125 sessions of a
// little more than 1000 bytes are added a second. `leaks` finds nothing, since the table is in
// order and goes away at the end.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "paced_requests.h"

namespace {

struct Session {
  std::string client;
  std::vector<char> history;
};

class SessionTable {
 public:
  Session& open(int client) {
    auto session = std::make_unique<Session>();
    session->client = "client number " + std::to_string(client) + " of the day";
    session->history.resize(kHistoryBytes);
    Session& opened = *session;
    sessions_[client] = std::move(session);
    return opened;
  }
  void close(int client) { sessions_.erase(client); }
  std::size_t size() const { return sessions_.size(); }

 private:
  static constexpr std::size_t kHistoryBytes = 1000;
  std::unordered_map<int, std::unique_ptr<Session>> sessions_;
};

class Server {
 public:
  void handle(int number) {
    const std::string request = read_request(number);
    Session& session = sessions_.open(number);
    answer(session, request);
    // The mistake: a client that does not say goodbye is never forgotten.
    const bool says_goodbye = number % 4 != 0;
    if (says_goodbye) sessions_.close(number);
  }
  std::size_t sent() const { return sent_; }
  std::size_t sessions() const { return sessions_.size(); }

 private:
  static std::string read_request(int number) {
    return "GET /articles/" + std::to_string(number) + "?with=comments HTTP/1.1";
  }
  void answer(Session& session, const std::string& request) {
    std::vector<char> page(4000);
    std::snprintf(page.data(), page.size(), "%s for %s", request.c_str(), session.client.c_str());
    std::strncpy(session.history.data(), request.c_str(), session.history.size() - 1);
    sent_ += std::strlen(page.data());
  }

  SessionTable sessions_;
  std::size_t sent_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Server server;
  const int requests = samples::serve(samples::seconds_from(argc, argv), 500,
                                      [&](int number) { server.handle(number); });
  std::printf("%d requests, %zu bytes sent, %zu sessions open\n", requests, server.sent(),
              server.sessions());
  return 0;
}
