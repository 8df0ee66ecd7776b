// The server of `heapscribe view`: one request a connection, on the loopback only.
//
// Bounds: as many connections at once as there are threads, the rest wait; a request has 10 s to
// arrive and 16 KiB for its head; an answer has two minutes to be taken; four reports run at once.
#pragma once

#include <cstdint>
#include <string>

#include "preload/collector/file_descriptor.h"
#include "viewer/server/client_stream.h"
#include "viewer/server/page.h"
#include "viewer/server/report_answer.h"
#include "viewer/server/request_guard.h"

namespace heapscribe::viewer {

struct ServedPage {
  Page page;
  Recordings recordings;
  std::string version;
};

class HttpServer {
 public:
  // Port 0 = any. Throws std::runtime_error with one sentence.
  HttpServer(ServedPage served, std::uint16_t port);

  std::string address() const;

  // Until `stop` becomes readable. Then requests under way are dropped, and their reports ended.
  void serve(int stop);

 private:
  void accept_until(int stop);
  void answer(ClientStream& client);

  ServedPage served_;
  collector::FileDescriptor listener_;
  Place place_;
  std::string policy_;
  ProcessSlots slots_;
};

}  // namespace heapscribe::viewer
