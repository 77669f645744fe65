// HTTP/2 (RFC 9113) for services that misbehave: nghttp2 over a connection of ours.
#pragma once

#include <memory>
#include <string_view>

#include "pushsim/exchange.h"
#include "pushsim/visitor.h"

namespace hg::pushsim {

// What a connection may do before anybody is known: APNs allows one stream, others a hundred.
struct Http2Limits {
  std::uint32_t streams = 100;
};

// A connection; it lives until its peer or a fault ends it.
class Http2;

// Every request goes to `service` as it comes. `service` outlives the connection. On the visitor's loop.
std::weak_ptr<Http2> serve_http2(Visitor visitor, const Service& service, Http2Limits limits);
// Tells the peer to open no more streams here, with {"reason": …}; what is under way is still answered.
void say_goaway(Http2& connection, std::string_view reason);

}  // namespace hg::pushsim
