#include "pushsim/reception.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/log.h"
#include "base/spawn.h"
#include "pushsim/http1.h"

namespace hg::pushsim {

namespace {

// APNs: one until a request with a valid provider token was seen; its answer raises it.
Http2Limits limits_of(Door door) { return {.streams = door == Door::secure ? 100U : 1U}; }

asio::awaitable<bool> shake_hands(net::Stream& stream) {
  for (;;) {
    const auto state = stream.handshake();
    if (state == net::Io::done) co_return true;
    if (state == net::Io::closed || !co_await stream.wait(state)) co_return false;
  }
}

}  // namespace

Reception::Reception(net::Loop& loop, Service service, MailService mail, std::shared_ptr<const net::TlsContext> web,
                     std::shared_ptr<const net::TlsContext> apple)
    : loop_(loop),
      service_(std::move(service)),
      mail_(std::move(mail)),
      web_(std::move(web)),
      apple_(std::move(apple)) {}

Result<std::uint16_t> Reception::listen(Door door, const std::string& address, std::uint16_t port) {
  HG_TRY(auto listeners, net::listen_tcp(address, port, 1));
  spawn(loop_.executor(), accept(door, std::move(listeners.sockets.front())));
  return listeners.port;
}

std::size_t Reception::say_goaway(Door door, std::string_view reason) {
  std::size_t told = 0;
  for (const auto& [its_door, connection] : open_) {
    const auto alive = connection.lock();
    if (!alive || its_door != door) continue;
    pushsim::say_goaway(*alive, reason);
    ++told;
  }
  return told;
}

asio::awaitable<void> Reception::accept(Door door, net::Descriptor socket) {
  asio::posix::stream_descriptor listening(loop_.context(), socket.release());
  for (;;) {
    boost::system::error_code error;
    co_await listening.async_wait(asio::posix::descriptor_base::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    auto accepted = net::accept_one(listening.native_handle());
    if (accepted.error != 0) continue;
    spawn(loop_.executor(), welcome(door, std::move(accepted)));
  }
}

asio::awaitable<void> Reception::welcome(Door door, net::Accepted accepted) {
  const int descriptor = accepted.socket.release();
  const auto* context = context_of(door);
  net::Stream stream(loop_, descriptor, context == nullptr ? nullptr : context->accept(descriptor));
  if (!co_await shake_hands(stream)) {
    log::warn("pushsim", "a TLS handshake with {} failed: does it trust the authority's certificate, and offer HTTP/2?",
              accepted.remote);
    co_return;
  }
  Visitor visitor{loop_, std::move(stream), descriptor, door, std::move(accepted.remote)};
  try {
    co_await converse(std::move(visitor));
  } catch (const std::exception& fault) {
    log::error("pushsim", "a connection was cut: {}", fault.what());
  }
}

asio::awaitable<void> Reception::converse(Visitor visitor) {
  const std::string_view protocol = visitor.stream.protocol();
  if (visitor.door == Door::mail) {
    co_await mail_(std::move(visitor));
  } else if (protocol == "h2") {
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    const Door door = visitor.door;
    open_.emplace_back(door, serve_http2(std::move(visitor), service_, limits_of(door)));
  } else if (visitor.door == Door::apns || visitor.door == Door::apns_sandbox) {
    log::warn("pushsim", "{} did not offer HTTP/2 (ALPN h2), and APNs speaks nothing else", visitor.remote);
  } else {
    co_await serve_http1(std::move(visitor), service_);
  }
}

const net::TlsContext* Reception::context_of(Door door) const {
  switch (door) {
    case Door::secure:
      return web_.get();
    case Door::apns:
    case Door::apns_sandbox:
      return apple_.get();
    default:
      return nullptr;
  }
}

}  // namespace hg::pushsim
