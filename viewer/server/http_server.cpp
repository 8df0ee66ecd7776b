#include "viewer/server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "viewer/server/access_token.h"
#include "viewer/server/departure.h"

namespace heapscribe::viewer {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using collector::FileDescriptor;

constexpr char kJson[] = "application/json";
constexpr char kHtml[] = "text/html; charset=utf-8";

Reply as_reply(Answer answer) {
  return {answer.status, kJson, std::move(answer.body)};
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

FileDescriptor listen_on(std::uint16_t port) {
  constexpr int kBacklog = 128;
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) fail("cannot make a socket");
  const int yes = 1;  // or a port stays taken for a minute after its server has ended
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket.get(), kBacklog) != 0) {
    fail(fmt::format("cannot serve on port {} of 127.0.0.1", port));
  }
  return socket;
}

std::uint16_t port_of(const FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("cannot learn the server's port");
  }
  return ntohs(address.sin_port);
}

using Head = http::request_header<http::fields>;

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

std::vector<std::string_view> values_of(const Head& head, boost::beast::string_view name) {
  std::vector<std::string_view> values;
  const auto [begin, end] = head.equal_range(name);
  for (auto i = begin; i != end; ++i) values.push_back(view_of(i->value()));
  return values;
}

bool has_body(const Head& head) {
  for (const std::string_view length : values_of(head, "Content-Length")) {
    if (length != "0") return true;
  }
  return head.count(http::field::transfer_encoding) > 0;
}

Inquiry inquiry_of(const Head& head) {
  return {.method = view_of(head.method_string()),
          .target = view_of(head.target()),
          .hosts = values_of(head, "Host"),
          .origins = values_of(head, "Origin"),
          .fetch_sites = values_of(head, "Sec-Fetch-Site"),
          .has_body = has_body(head)};
}

Answer unreadable(const error_code& error) {
  if (error == boost::asio::error::timed_out) return refusal(408, "the request took too long");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return refusal(431, fmt::format("the head of a request has at most {} bytes", kLongestHead));
  }
  return refusal(400, "this is no request of HTTP");
}

void set_protection(http::fields& fields, const std::string& policy) {
  fields.set("Content-Security-Policy", policy);
  fields.set("X-Content-Type-Options", "nosniff");
  fields.set("Referrer-Policy", "no-referrer");
  fields.set("Cross-Origin-Resource-Policy", "same-origin");
  fields.set("Cross-Origin-Opener-Policy", "same-origin");
  fields.set("X-Frame-Options", "DENY");
  fields.set(http::field::cache_control, "no-store");
}

// True if it was taken.
bool send(ClientStream& client, Reply reply, const std::string& policy, bool head_only) {
  http::response<http::string_body> response;
  response.result(reply.status);
  response.keep_alive(false);
  set_protection(response, policy);
  response.set(http::field::content_type, reply.type);
  if (response.result() == http::status::method_not_allowed) {
    response.set(http::field::allow, "GET, HEAD");
  }
  response.content_length(reply.body.size());
  if (!head_only) response.body() = std::move(reply.body);
  client.expect_within(kTimeToTake);
  error_code error;
  http::response_serializer<http::string_body> serializer(response);
  if (head_only) {
    http::write_header(client, serializer, error);
  } else {
    http::write(client, serializer, error);
  }
  return !error;
}

}  // namespace

HttpServer::HttpServer(ServedPage served, std::uint16_t port)
    : served_(std::move(served)),
      listener_(listen_on(port)),
      place_{port_of(listener_), new_token()},
      policy_(served_policy(served_.page)),
      slots_(kReportsAtOnce),
      reception_(listener_.get()) {}

std::string HttpServer::address() const {
  return fmt::format("http://127.0.0.1:{}/{}/", place_.port, place_.token);
}

void HttpServer::serve(int stop) {
  std::vector<std::jthread> threads;
  threads.reserve(kAnsweredAtOnce);
  try {
    for (int i = 0; i < kAnsweredAtOnce; ++i) {
      threads.emplace_back([this, stop] { answer_clients(stop); });
    }
    reception_.run(stop);
  } catch (...) {
    reception_.end();  // or the threads would be waited for in vain
    throw;
  }
  reception_.end();
}

void HttpServer::answer_clients(int stop) {
  while (std::unique_ptr<Client> client = reception_.next()) {
    if (answer(*client, stop)) reception_.see_out(std::move(client));
  }
}

bool HttpServer::answer(Client& client, int stop) {
  if (client.error) return send(client.stream, as_reply(unreadable(client.error)), policy_, false);
  const bool head_only = client.parser.get().method() == http::verb::head;
  Reply reply{500, kJson, ""};
  try {
    reply = reply_to(client, stop);
  } catch (const std::exception& failure) {
    reply = as_reply(refusal(500, failure.what()));
  }
  return send(client.stream, std::move(reply), policy_, head_only);
}

Reply HttpServer::reply_to(const Client& client, int stop) {
  const Admission admission = admit(inquiry_of(client.parser.get()), place_);
  if (const auto* refused = std::get_if<Refusal>(&admission)) {
    return as_reply(refusal(refused->status, refused->sentence));
  }
  if (const auto* report = std::get_if<ReportWanted>(&admission)) {
    constexpr unsigned kFirstWithInterimAnswers = 11;  // HTTP/1.1
    Departure departure(client.stream.socket(),
                        client.parser.get().version() >= kFirstWithInterimAnswers);
    const Interruptions interruptions = {{stop, POLLIN}, Interruption(departure)};
    return as_reply(
        run_report(report->report, report->query, served_.recordings, slots_, interruptions));
  }
  if (std::holds_alternative<RecordingWanted>(admission)) {
    return as_reply(describe(served_.recordings, served_.version));
  }
  return {200, kHtml, std::string(served_.page.html)};
}

}  // namespace heapscribe::viewer
