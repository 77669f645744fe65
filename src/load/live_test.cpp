#include "load/live.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace hg::load {
namespace {

// A channel's server of one thread: whoever says S listens, whoever says P publishes "<m>" to them, in two pieces.
class Broadcaster {
 public:
  Broadcaster() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&any), size);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &size);
    address = *Address::parse("http://127.0.0.1:" + std::to_string(ntohs(any.sin_port)));
    thread_ = std::thread([this] { work(); });
  }
  ~Broadcaster() {
    stopped_ = true;
    thread_.join();
    for (const auto& one : polled_) ::close(one.fd);
  }
  Broadcaster(const Broadcaster&) = delete;
  Broadcaster& operator=(const Broadcaster&) = delete;

  Address address;

 private:
  void work() {
    polled_.push_back({.fd = listener_, .events = POLLIN, .revents = 0});
    while (!stopped_) {
      ::poll(polled_.data(), polled_.size(), 10);
      for (std::size_t i = 0; i < polled_.size(); ++i)
        if (polled_[i].revents != 0) see_to(polled_[i].fd);
    }
  }
  void see_to(int socket) {
    if (socket == listener_)
      return polled_.push_back({.fd = ::accept(listener_, nullptr, nullptr), .events = POLLIN, .revents = 0});
    char said = 0;
    if (::recv(socket, &said, 1, MSG_DONTWAIT) != 1) return;
    if (said == 'S') {
      listening_.push_back(socket);
      (void)!::send(socket, "ok\n", 3, MSG_NOSIGNAL);
    } else {
      for (const int one : listening_) (void)!::send(one, "<", 1, MSG_NOSIGNAL);
      for (const int one : listening_) (void)!::send(one, "m>", 2, MSG_NOSIGNAL);
    }
  }

  int listener_;
  std::atomic<bool> stopped_ = false;
  std::vector<pollfd> polled_;
  std::vector<int> listening_;
  std::thread thread_;
};

TEST(Publish, counts_every_delivery_once) {
  Broadcaster server;
  Wire wire;
  Audience audience(wire, {.starts = "ok", .ready = "\n", .marker = "<m>"});
  audience.open(server.address, std::vector<Subscriber>(5, {.channel = 0, .hello = "S"}));
  Publishing publishing{.to = server.address, .answered = false, .connections = 1};
  publishing.per_second = 100;
  publishing.seconds = 0.2;
  publishing.warm_up = 0;
  std::uint64_t sent = 0;
  publishing.message = [&](std::size_t, std::uint64_t) {
    ++sent;
    return std::string("P");
  };

  const auto figures = publish(wire, audience, publishing, Processes());

  EXPECT_GT(sent, 0U);
  EXPECT_EQ(figures.operations, 5 * sent);
  EXPECT_EQ(figures.failed, 0U);
}

}  // namespace
}  // namespace hg::load
