#include "viewer/server/departure.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "preload/collector/file_descriptor.h"

namespace heapscribe::viewer {
namespace {

using collector::FileDescriptor;

// TCP, since other sockets tell a departure otherwise.
class Connection {
 public:
  Connection() {
    const FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener.get(), any, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), any, &size), 0);
    EXPECT_EQ(connect(client.get(), any, size), 0);
    server = FileDescriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  void reset() {
    const linger at_once{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.close();
  }
  std::string received() const {
    std::array<char, 100> text{};
    const ssize_t size = recv(client.get(), text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  FileDescriptor client{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  FileDescriptor server;
};

Waited wait_for_nothing(Departure& departure, Clock::duration time) {
  std::vector<pollfd> nothing;
  return wait_for(nothing, Clock::now() + time, {Interruption(departure)});
}

class ADeparture : public testing::Test {
 protected:
  Connection connection_;
  Departure departure_{connection_.server.get(), true};
};

TEST_F(ADeparture, IsNotThatNothingIsSaid) {
  EXPECT_EQ(wait_for_nothing(departure_, std::chrono::milliseconds(1)), Waited::TimedOut);
  EXPECT_EQ(connection_.received(), "");
}

TEST_F(ADeparture, IsAReset) {
  connection_.reset();
  EXPECT_EQ(wait_for_nothing(departure_, std::chrono::hours(1)), Waited::Interrupted);
}

TEST_F(ADeparture, IsACloseAsSoonAsSomethingIsWritten) {
  connection_.client.close();
  EXPECT_EQ(wait_for_nothing(departure_, std::chrono::hours(1)), Waited::Interrupted);
}

TEST_F(ADeparture, IsNotThatAClientHasNothingMoreToSay) {
  shutdown(connection_.client.get(), SHUT_WR);
  std::vector<pollfd> interim = {{connection_.client.get(), POLLIN, 0}};
  EXPECT_EQ(wait_for(interim, Clock::now() + std::chrono::hours(1), {Interruption(departure_)}),
            Waited::Ready);
  EXPECT_EQ(connection_.received(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_FALSE(departure_.next_look()) << "once is enough";
  EXPECT_EQ(wait_for_nothing(departure_, std::chrono::milliseconds(1)), Waited::TimedOut);
}

TEST_F(ADeparture, OfAClientWithoutInterimAnswersIsNotLookedFor) {
  Departure old(connection_.server.get(), false);
  shutdown(connection_.client.get(), SHUT_WR);
  EXPECT_EQ(wait_for_nothing(old, std::chrono::milliseconds(1)), Waited::TimedOut);
  EXPECT_FALSE(old.next_look());
}

}  // namespace
}  // namespace heapscribe::viewer
