// An SMTP relay (RFC 5321) that keeps what it gets: EHLO, STARTTLS (RFC 3207), AUTH PLAIN and LOGIN (RFC 4954), SIZE,
// PIPELINING, 8BITMIME.
#pragma once

#include <memory>

#include "net/tls.h"
#include "pushsim/visitor.h"
#include "pushsim/world.h"

namespace hg::pushsim::smtp {

// What it asks for before it takes mail.
struct Demands {
  bool auth = false, tls = false;
};

struct Service {
  World& world;
  Demands demands;
  std::shared_ptr<const net::TlsContext> tls;
};

// One conversation, to its end. What `service` refers to outlives it.
asio::awaitable<void> serve(Visitor visitor, Service service);

}  // namespace hg::pushsim::smtp
