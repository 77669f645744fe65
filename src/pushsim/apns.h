// APNs (HTTP/2, token-based): POST /3/device/{token}.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim::apns {

Answer push(World& world, Call& call);

}  // namespace hg::pushsim::apns
