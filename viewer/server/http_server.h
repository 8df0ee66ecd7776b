// The server of `heapscribe view`: one request a connection, on the loopback only, within bounds.h.
//
// A thread belongs to a client only from its whole request on until the answer is taken. A stranger
// can never hold one: a refusal fits into the buffer of the socket. Who knows the token can, by
// leaving large answers lie, on kAnsweredAtOnce connections at once.
#pragma once

#include <cstdint>
#include <string>

#include "preload/collector/file_descriptor.h"
#include "viewer/server/page.h"
#include "viewer/server/reception.h"
#include "viewer/server/report_answer.h"
#include "viewer/server/request_guard.h"

namespace heapscribe::viewer {

struct ServedPage {
  Page page;
  Recordings recordings;
  std::string version;
};

// What goes back to a client.
struct Reply {
  unsigned status;  // of HTTP
  const char* type;
  std::string body;
};

class HttpServer {
 public:
  // Port 0 = any. Throws std::runtime_error with one sentence.
  HttpServer(ServedPage served, std::uint16_t port);

  std::string address() const;

  // Until `stop` becomes readable. Then requests under way are dropped, and their reports ended.
  void serve(int stop);

 private:
  void answer_clients(int stop);
  bool answer(Client& client, int stop);
  Reply reply_to(const Client& client, int stop);

  ServedPage served_;
  collector::FileDescriptor listener_;
  Place place_;
  std::string policy_;
  ProcessSlots slots_;
  Reception reception_;
};

}  // namespace heapscribe::viewer
