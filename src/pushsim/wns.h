// WNS, and the two token services of its senders: login.live.com for Store apps, Entra for the Windows App SDK.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim::wns {

// POST /accesstoken.srf and POST /{tenant}/oauth2/v2.0/token
Answer token(World& world, Call& call);
// POST to a channel URI: /?token=…
Answer push(World& world, Call& call);

}  // namespace hg::pushsim::wns
