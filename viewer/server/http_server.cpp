#include "viewer/server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "viewer/server/access_token.h"

namespace heapscribe::viewer {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using collector::FileDescriptor;

constexpr int kConnections = 64;
constexpr unsigned kReports = 4;
constexpr std::uint32_t kLongestHead = 16 << 10;
constexpr std::chrono::seconds kTimeToAsk{3};
constexpr std::chrono::seconds kTimeToTake{120};

constexpr char kJson[] = "application/json";
constexpr char kHtml[] = "text/html; charset=utf-8";

// What goes back to the client.
struct Reply {
  unsigned status;
  const char* type;
  std::string body;
};

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
  // Who says nothing does not keep a thread from others.
  const int patience = static_cast<int>(kTimeToAsk.count());
  setsockopt(socket.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &patience, sizeof patience);
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

bool is_gone(const error_code& error) {
  if (error == boost::asio::error::timed_out) return false;
  return error == http::error::end_of_stream || error == http::error::partial_message ||
         error == boost::asio::error::operation_aborted ||
         error.category() == boost::system::system_category();
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

void send(ClientStream& client, Reply reply, const std::string& policy, bool head_only) {
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
  if (!error) client.finish();
}

}  // namespace

HttpServer::HttpServer(ServedPage served, std::uint16_t port)
    : served_(std::move(served)),
      listener_(listen_on(port)),
      place_{port_of(listener_), new_token()},
      policy_(served_policy(served_.page)),
      slots_(kReports) {}

std::string HttpServer::address() const {
  return fmt::format("http://127.0.0.1:{}/{}/", place_.port, place_.token);
}

void HttpServer::serve(int stop) {
  std::vector<std::jthread> threads;
  threads.reserve(kConnections);
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([this, stop] { accept_until(stop); });
  }
}

void HttpServer::accept_until(int stop) {
  constexpr std::chrono::hours kPatience{1};
  constexpr std::chrono::milliseconds kPause{100};  // out of descriptors
  std::vector<pollfd> wanted = {{listener_.get(), POLLIN, 0}};
  std::vector<pollfd> nothing;
  Waited waited = Waited::Ready;
  while (waited != Waited::Interrupted) {
    waited = wait_for(wanted, Clock::now() + kPatience, {{stop, POLLIN}});
    if (waited != Waited::Ready) continue;
    FileDescriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      ClientStream client(std::move(socket), stop);
      answer(client);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      waited = wait_for(nothing, Clock::now() + kPause, {{stop, POLLIN}});
    }
  }
}

void HttpServer::answer(ClientStream& client) {
  boost::beast::flat_buffer buffer(kLongestHead);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLongestHead);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // it is refused, and never read
  client.expect_within(kTimeToAsk);
  error_code error;
  http::read_header(client, buffer, parser, error);
  if (error) {
    const bool said_nothing = !parser.got_some() && buffer.size() == 0;
    if (!said_nothing && !is_gone(error)) send(client, as_reply(unreadable(error)), policy_, false);
    return;
  }
  const Inquiry inquiry = inquiry_of(parser.get());
  const bool head_only = inquiry.method == "HEAD";
  const Admission admission = admit(inquiry, place_);
  Reply reply{200, kHtml, ""};
  try {
    if (const auto* refused = std::get_if<Refusal>(&admission)) {
      reply = as_reply(refusal(refused->status, refused->sentence));
    } else if (const auto* report = std::get_if<ReportWanted>(&admission)) {
      reply = as_reply(run_report(report->report, report->query, served_.recordings, slots_,
                                  client.interruptions()));
    } else if (std::holds_alternative<RecordingWanted>(admission)) {
      reply = as_reply(describe(served_.recordings, served_.version));
    } else {
      reply.body = served_.page.html;
    }
  } catch (const std::exception& failure) {
    reply = as_reply(refusal(500, failure.what()));
  }
  send(client, std::move(reply), policy_, head_only);
}

}  // namespace heapscribe::viewer
