#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "net/loop.h"

namespace hg::net {

Stream::Stream(Loop& loop, int descriptor, std::unique_ptr<TlsSession> tls)
    : descriptor_(loop.context(), descriptor), tls_(std::move(tls)) {}

Moved Stream::read(std::span<char> into) {
  if (!descriptor_.is_open()) return {Io::closed, 0};
  if (tls_) return tls_->read(into);
  for (;;) {
    const auto bytes = ::recv(descriptor_.native_handle(), into.data(), into.size(), 0);
    if (bytes > 0) return {Io::done, static_cast<std::size_t>(bytes)};
    if (bytes < 0 && errno == EINTR) continue;
    return {bytes < 0 && errno == EAGAIN ? Io::wait_read : Io::closed, 0};
  }
}

Moved Stream::write(std::string_view bytes) {
  if (!descriptor_.is_open()) return {Io::closed, 0};
  if (tls_) return tls_->write(bytes);
  for (;;) {
    const auto sent = ::send(descriptor_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {Io::done, static_cast<std::size_t>(sent)};
    if (errno == EINTR) continue;
    return {errno == EAGAIN ? Io::wait_write : Io::closed, 0};
  }
}

Io Stream::handshake() { return tls_ ? tls_->handshake() : Io::done; }

void Stream::shutdown() {
  if (!descriptor_.is_open()) return;
  if (tls_) tls_->shutdown();
  ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void Stream::close() {
  if (tls_ && descriptor_.is_open()) tls_->shutdown();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void Stream::cancel() {
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
}

void Stream::bound_unsent(int bytes) {
  ::setsockopt(descriptor_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

asio::awaitable<bool> Stream::wait(Io state) {
  boost::system::error_code error;
  co_await descriptor_.async_wait(direction(state), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

}  // namespace hg::net
