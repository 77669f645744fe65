// Subscriptions in the feed API: found by the path, written as JSON.
#pragma once

#include <string>
#include <vector>

#include "api/context.h"

namespace hg::api {

// `id` and `viewId` GUIDs, the UNSID, `partialSyncToken` (the feed's ETag), `channelUrlExpiry`, and what was sent.
void write_subscription(JsonWriter& out, const model::Subscription& subscription, std::string_view unsid,
                        std::string_view etag);
// {"__metadata": {"totalCount": n}, "subscriptions": [...]}, each with its feed's present ETag.
asio::awaitable<net::Response> subscriptions_response(Call& call, std::vector<model::Subscription> subscriptions);

// The subscription that {id} of the path names, by GUID or UNSID, ended ones too: the caller's, in a cross-device app
// of its application. Code::subscription_not_found.
asio::awaitable<Result<model::Subscription>> find_path_subscription(Call& call);
// The same, active; its end slides. `seen`: what the client has of the feed. Code::subscription_ended.
asio::awaitable<Result<model::Subscription>> path_subscription(Call& call, std::string_view seen_etag = {});
// As path_subscription, for a name that stands elsewhere.
asio::awaitable<Result<model::Subscription>> find_subscription(Call& call, std::string name);

}  // namespace hg::api
