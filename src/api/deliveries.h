// What became of notifications on their way to endpoints, and of endpoints: for users, app servers and operators.
#pragma once

#include "api/context.h"

namespace hg::api::deliveries {

// GET /me/notifications/{id}/deliveries
Answer of_notification(Call& call);
// GET /endedSubscriptions?since=: an app server's, of its own cross-device apps.
Answer ended_subscriptions(Call& call);

// {"value": [Delivery]}, for the admin API too.
asio::awaitable<net::Response> report(Call& call, FeedKey feed, model::Notification notification);

}  // namespace hg::api::deliveries
