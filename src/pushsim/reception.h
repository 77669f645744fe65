// The listening sockets: takes connections in, does the TLS handshake, and hands them to who speaks their protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/sockets.h"
#include "net/tls.h"
#include "pushsim/exchange.h"
#include "pushsim/http2.h"
#include "pushsim/visitor.h"

namespace hg::pushsim {

class Reception {
 public:
  // Who speaks with a visitor of the mail door.
  using MailService = std::function<asio::awaitable<void>(Visitor)>;

  // The loop ends before it is destroyed. `web` offers HTTP/2 and HTTP/1.1, `apple` HTTP/2 alone.
  Reception(net::Loop& loop, Service service, MailService mail, std::shared_ptr<const net::TlsContext> web,
            std::shared_ptr<const net::TlsContext> apple);

  // The port, chosen by the system where 0 was asked for. As net::listen_tcp.
  Result<std::uint16_t> listen(Door door, const std::string& address, std::uint16_t port);

  // GOAWAY on the HTTP/2 connections that came in by `door`: how many there were.
  std::size_t say_goaway(Door door, std::string_view reason);

 private:
  asio::awaitable<void> accept(Door door, net::Descriptor socket);
  asio::awaitable<void> welcome(Door door, net::Accepted accepted);
  asio::awaitable<void> converse(Visitor visitor);
  [[nodiscard]] const net::TlsContext* context_of(Door door) const;

  net::Loop& loop_;
  Service service_;
  MailService mail_;
  std::shared_ptr<const net::TlsContext> web_, apple_;
  std::vector<std::pair<Door, std::weak_ptr<Http2>>> open_;
};

}  // namespace hg::pushsim
