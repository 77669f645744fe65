#include "net/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace hg::net {

namespace {

constexpr int kBacklog = 4096;  // the kernel's somaxconn bounds it

std::system_error system_fault(const char* what) { return {errno, std::generic_category(), what}; }

void set(int socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket, level, option, &on, sizeof on);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<Address> tcp_address(const std::string& text, std::uint16_t port) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(text == "localhost" ? "127.0.0.1" : text, error);
  if (error) return fail(Code::property_invalid, fmt::format("'{}' is not an IP address to listen on", text));
  Address address;
  if (ip.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.to_v4().to_bytes().data(), 4);
    address.size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(address.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.to_v6().to_bytes().data(), 16);
    address.size = sizeof in;
  }
  return address;
}

Descriptor open_socket(int family) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) throw system_fault("socket");
  return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
  Address address;
  address.size = sizeof address.storage;
  ::getsockname(socket.get(), address.get(), &address.size);
  return ntohs(reinterpret_cast<sockaddr_in&>(address.storage).sin_port);  // at the same place in sockaddr_in6
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

int Descriptor::release() { return std::exchange(number_, -1); }

Result<Listeners> listen_tcp(const std::string& text, std::uint16_t port, std::size_t count) {
  HG_TRY(auto address, tcp_address(text, port));
  Listeners made{.sockets = {}, .port = port};
  while (made.sockets.size() < count) {
    auto socket = open_socket(address.storage.ss_family);
    set(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    const bool first = made.sockets.empty();
    if (!first) set(socket.get(), SOL_SOCKET, SO_REUSEPORT);
    if (::bind(socket.get(), address.get(), address.size) != 0) {
      return fail(Code::unavailable, fmt::format("cannot listen on {}:{}: {}", text, made.port, std::strerror(errno)));
    }
    if (first) {
      made.port = port_of(socket);
      reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(made.port);
      set(socket.get(), SOL_SOCKET, SO_REUSEPORT);  // now that the port is ours, it may be shared
    }
    made.sockets.push_back(std::move(socket));
  }
  for (auto& socket : made.sockets) {
    if (::listen(socket.get(), kBacklog) != 0) {
      return fail(Code::unavailable, fmt::format("cannot listen on {}:{}: {}", text, made.port, std::strerror(errno)));
    }
  }
  return made;
}

Result<Descriptor> listen_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::property_invalid, fmt::format("the path of the socket {} is too long", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  {
    const auto probe = open_socket(AF_UNIX);
    if (::connect(probe.get(), raw, sizeof address) == 0 || errno == EAGAIN) {
      return fail(Code::unavailable, fmt::format("another process listens on {}", path));
    }
    if (errno == ECONNREFUSED) ::unlink(path.c_str());  // left behind by one that was killed
  }
  auto socket = open_socket(AF_UNIX);
  // Until listen() nobody can connect, so that nobody comes before the mode is set.
  if (::bind(socket.get(), raw, sizeof address) != 0 || ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return fail(Code::unavailable, fmt::format("cannot listen on {}: {}", path, std::strerror(errno)));
  }
  return socket;
}

Accepted accept_one(int listener) {
  Address peer;
  peer.size = sizeof peer.storage;
  Accepted accepted;
  accepted.socket = Descriptor(::accept4(listener, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.socket.get() < 0) {
    accepted.error = errno;
    return accepted;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(peer.storage);
    accepted.remote = ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
  } else if (peer.storage.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(peer.storage);
    accepted.remote = ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    constexpr std::string_view mapped = "::ffff:";
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) accepted.remote.erase(0, mapped.size());
  } else {
    accepted.remote = "unix";
    return accepted;
  }
  // Without it a TLS handshake waits for delayed acknowledgements.
  set(accepted.socket.get(), IPPROTO_TCP, TCP_NODELAY);
  return accepted;
}

}  // namespace hg::net
