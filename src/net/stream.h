// The bytes of one connection: TCP, TLS or Unix socket, non-blocking. Asio is used for readiness only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "net/tls.h"

namespace hg::net {

namespace asio = boost::asio;

class Loop;

class Stream {
 public:
  // Takes the descriptor; `tls` null: plain.
  Stream(Loop& loop, int descriptor, std::unique_ptr<TlsSession> tls);

  // At once, or says what to wait for.
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  Io handshake();  // done at once where plain
  // Says goodbye (TLS close_notify) and shuts the sending side.
  void shutdown();
  void close();
  // Waiting ends with operation_aborted.
  void cancel();
  // From here on by TLS (STARTTLS): what was read before is none of it. handshake() comes next.
  void encrypt(std::unique_ptr<TlsSession> tls) { tls_ = std::move(tls); }
  // What TLS agreed on (ALPN); empty where plain.
  [[nodiscard]] std::string_view protocol() const { return tls_ ? tls_->protocol() : std::string_view(); }
  // DER of what the peer presented (TLS); empty where it presented none.
  [[nodiscard]] std::string peer_certificate() const { return tls_ ? tls_->peer_certificate() : std::string(); }
  // The kernel takes no more while it holds so much that it has not sent. TCP alone knows how.
  void bound_unsent(int bytes);

  [[nodiscard]] bool is_open() const { return descriptor_.is_open(); }
  [[nodiscard]] bool encrypted() const { return tls_ != nullptr; }

  // `handler(boost::system::error_code)` once `state` (wait_read or wait_write) is over.
  template <class Handler>
  void async_wait(Io state, Handler handler) {
    descriptor_.async_wait(direction(state), std::move(handler));
  }
  // False: cancelled or broken.
  asio::awaitable<bool> wait(Io state);

 private:
  static asio::posix::descriptor_base::wait_type direction(Io state) {
    return state == Io::wait_write ? asio::posix::descriptor_base::wait_write : asio::posix::descriptor_base::wait_read;
  }

  asio::posix::stream_descriptor descriptor_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace hg::net
