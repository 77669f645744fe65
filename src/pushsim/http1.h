// HTTP/1.1 for services that misbehave: net's parsers, but answers that may be no answers.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/visitor.h"

namespace hg::pushsim {

// One request after the other until the connection ends. `service` outlives it.
asio::awaitable<void> serve_http1(Visitor visitor, const Service& service);

}  // namespace hg::pushsim
