#include "load/wire.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace hg::load {

namespace {

constexpr std::size_t kScratch = 256 * 1024;

std::system_error system_fault(const char* what) { return {errno, std::generic_category(), what}; }

int open_socket(const Address& to, std::uint32_t source) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) throw system_fault("socket");
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (source != 0) {
    address.sin_addr.s_addr = source;
    ::setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw system_fault("bind");
  }
  address.sin_addr.s_addr = to.host;
  address.sin_port = htons(to.port);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
    throw system_fault("connect");
  return made;
}

}  // namespace

Result<Address> Address::parse(std::string_view url) {
  Address address;
  const auto scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  address.tls = url.starts_with("https://");
  address.authority = rest;
  const auto colon = rest.find(':');
  const std::string host(rest.substr(0, colon));
  in_addr parsed{};
  if (::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &parsed) != 1)
    return fail(Code::property_invalid, fmt::format("{} names no IPv4 address, such as http://127.0.0.1:8080", url));
  address.host = parsed.s_addr;
  const auto port =
      colon == std::string_view::npos ? std::string_view(address.tls ? "443" : "80") : rest.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || address.port == 0)
    return fail(Code::property_invalid, fmt::format("{} names no port", url));
  return address;
}

Connection::~Connection() { close(); }

void Connection::close() {
  if (tls_ != nullptr) SSL_free(std::exchange(tls_, nullptr));
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Connection::send(std::string_view bytes) {
  unsent_.append(bytes);
  if (ready_) flush();
}

void Connection::flush() {
  while (!unsent_.empty() && !closed()) {
    const auto sent = tls_ != nullptr ? SSL_write(tls_, unsent_.data(), static_cast<int>(unsent_.size()))
                                      : ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      unsent_.erase(0, static_cast<std::size_t>(sent));
      continue;
    }
    const bool wait = tls_ != nullptr ? SSL_get_error(tls_, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE ||
                                            SSL_get_error(tls_, static_cast<int>(sent)) == SSL_ERROR_WANT_READ
                                      : errno == EAGAIN;
    if (!wait) close();
    return;
  }
}

// All there is; false where nothing came.
bool Connection::read(std::string& scratch) {
  bool any = false;
  while (!closed()) {
    const auto got = tls_ != nullptr ? SSL_read(tls_, scratch.data(), static_cast<int>(scratch.size()))
                                     : ::recv(descriptor_, scratch.data(), scratch.size(), 0);
    if (got <= 0) {
      const bool wait = tls_ != nullptr ? SSL_get_error(tls_, static_cast<int>(got)) == SSL_ERROR_WANT_READ
                                        : got < 0 && errno == EAGAIN;
      if (!wait) close();
      return any || !wait;
    }
    in.append(scratch.data(), static_cast<std::size_t>(got));
    any = true;
    if (tls_ == nullptr && static_cast<std::size_t>(got) < scratch.size()) return true;
  }
  return any;
}

Wire::Wire()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), context_(SSL_CTX_new(TLS_client_method())), scratch_(kScratch, '\0') {
  if (epoll_ < 0) throw system_fault("epoll_create1");
  // The certificate is the demo's own; what is measured is the server.
  SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(context_,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

Wire::~Wire() {
  SSL_CTX_free(context_);
  ::close(epoll_);
}

std::unique_ptr<Connection> Wire::connect(const Address& to, std::function<void(Connection&)> came,
                                          std::uint32_t source) {
  std::unique_ptr<Connection> made(new Connection);
  made->descriptor_ = open_socket(to, source);
  made->came_ = std::move(came);
  if (to.tls) {
    made->tls_ = SSL_new(context_);
    SSL_set_fd(made->tls_, made->descriptor_);
    SSL_set_connect_state(made->tls_);
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = made.get();
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, made->descriptor_, &event) != 0) throw system_fault("epoll_ctl");
  return made;
}

void Wire::see_to(Connection& connection) {
  if (connection.closed()) return;
  if (!connection.ready_) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(connection.descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      connection.close();
      return connection.came_(connection);
    }
    if (connection.tls_ != nullptr) {
      const int done = SSL_do_handshake(connection.tls_);
      if (done != 1) {
        const int why = SSL_get_error(connection.tls_, done);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
        connection.close();
        return connection.came_(connection);
      }
    }
    connection.ready_ = true;
  }
  connection.flush();
  if (connection.read(scratch_)) connection.came_(connection);
}

void Wire::work(Steady::time_point until) {
  std::array<epoll_event, 512> events{};
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - Steady::now()).count();
  timespec wait{};
  if (left > 0) wait = {.tv_sec = left / 1'000'000, .tv_nsec = left % 1'000'000 * 1000};
  const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  for (int i = 0; i < count; ++i) see_to(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
}

void Wire::work_until(const std::function<bool()>& done, std::chrono::seconds limit, std::string_view what) {
  const auto end = Steady::now() + limit;
  while (!done()) {
    if (Steady::now() > end) throw std::runtime_error(fmt::format("{}: not within {} s", what, limit.count()));
    work(Steady::now() + std::chrono::milliseconds(50));
  }
}

}  // namespace hg::load
