// FCM, HTTP v1, and the token service its senders need.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim::fcm {

// POST /token: the JWT-bearer grant of a service account (RFC 7523).
Answer token(World& world, Call& call);
// POST /v1/projects/{project}/messages:send
Answer push(World& world, Call& call);

}  // namespace hg::pushsim::fcm
