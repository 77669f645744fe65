// A Web Push service (RFC 8030) with VAPID (RFC 8292). It holds the browsers' keys as well, and so reads what it is
// sent (RFC 8291).
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim::webpush {

// POST /push/{id}: a message to a subscription.
Answer push(World& world, Call& call);
// DELETE /message/{id}: takes back one that still waits.
Answer withdraw(World& world, Call& call);

}  // namespace hg::pushsim::webpush
