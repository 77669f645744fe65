// One notification for whoever shows the ticket of it that a push has brought: what it says, and its state, without a
// token. So a service worker or a wake-up handler shows and settles it. Live connections have tickets of another kind
// (api/tickets.h).
#pragma once

#include "api/context.h"

namespace hg::api::notification_ticket {

// Counts as fetched by the ticket's endpoint.
Answer show(Call& call);
// As a user's PATCH; made by the ticket's endpoint.
Answer settle(Call& call);

}  // namespace hg::api::notification_ticket
