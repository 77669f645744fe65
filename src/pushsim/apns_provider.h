// The provider token of an APNs request, or the certificate of its connection: who the sender is, and whether it renews
// its token as it should.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/settle.h"
#include "pushsim/world.h"

namespace hg::pushsim::apns {

// Remembers in the conversation what it has seen. The app whose key signed it, or whose certificate it is; it outlives
// the request.
Examined<const App*> check_provider(const World& world, Call& call, Received& received);

}  // namespace hg::pushsim::apns
