// A client of HTTP that says exactly what a test wants, also what no good client would.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace heapscribe::tests {

// A connection to 127.0.0.1. Nothing is sent until send().
class HttpConnection {
 public:
  explicit HttpConnection(std::uint16_t port);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() { close(); }

  // False once the server has closed.
  bool send(std::string_view bytes) const;
  // What comes until the server closes, or a limit that only a hang can reach.
  std::string read_all() const;
  // Connected, and the server has not said anything that was not read.
  bool is_waiting() const;
  // Nothing more is sent, what comes is still read.
  void end_output() const;
  void close();

 private:
  int socket_ = -1;
};

struct HttpReply {
  int status = 0;                              // 0 = this was no HTTP
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};
// Of interim answers (1xx) the one that they announce.
HttpReply parse_reply(const std::string& text);

// A whole request; `head` is "GET /path HTTP/1.1" and further lines, without the empty one.
HttpReply ask(std::uint16_t port, const std::string& head, const std::string& body = "");

}  // namespace heapscribe::tests
