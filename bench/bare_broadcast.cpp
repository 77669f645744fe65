// The floor of fan-out: one thread, one epoll, one send() a delivery, nothing else. GET /sub/C becomes a stream of
// Server-Sent Events of channel C; POST /pub/C sends its body to all of them. Reads no more HTTP than the benchmark
// speaks.
//   bare_broadcast PORT      (0: a free one; prints it)
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

struct Client {
  int socket;
  std::string in;
};

std::unordered_map<std::string, std::vector<int>> channels;

void say(int socket, std::string_view text) { (void)!::send(socket, text.data(), text.size(), MSG_NOSIGNAL); }

// One whole request at the beginning of `in` is seen to and taken away; false where there is none.
bool request(Client& client) {
  const auto head_end = client.in.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  const std::string_view head(client.in.data(), head_end);
  const auto length_at = head.find("Content-Length: ");
  const std::size_t length =
      length_at == std::string_view::npos ? 0 : std::strtoul(head.data() + length_at + 16, nullptr, 10);
  if (client.in.size() < head_end + 4 + length) return false;
  const auto name_at = head.find("/", head.find('/') + 1) + 1;
  const std::string channel(head.substr(name_at, head.find(' ', name_at) - name_at));
  if (head.starts_with("GET /sub/")) {
    channels[channel].push_back(client.socket);
    say(client.socket, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
  } else {
    const std::string event = fmt::format("data: {}\n\n", std::string_view(client.in).substr(head_end + 4, length));
    for (const int subscriber : channels[channel]) say(subscriber, event);
    say(client.socket, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  }
  client.in.erase(0, head_end + 4 + length);
  return true;
}

void add(int epoll, Client* client) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = client;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, client->socket, &event);
}

void accept_all(int epoll, int listener) {
  for (int socket; (socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    add(epoll, new Client{.socket = socket, .in = {}});
  }
}

void leave(Client* client) {
  for (auto& [name, members] : channels) std::erase(members, client->socket);
  ::close(client->socket);
  delete client;
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 4096) != 0) return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  fmt::print("http://127.0.0.1:{}\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int epoll = ::epoll_create1(0);
  Client listening{.socket = listener, .in = {}};
  add(epoll, &listening);
  std::array<epoll_event, 256> events{};
  std::array<char, 65536> bytes{};
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (client == &listening) {
        accept_all(epoll, listener);
        continue;
      }
      const auto got = ::recv(client->socket, bytes.data(), bytes.size(), 0);
      if (got <= 0) {
        leave(client);
        continue;
      }
      client->in.append(bytes.data(), static_cast<std::size_t>(got));
      while (request(*client)) {
      }
    }
  }
}
