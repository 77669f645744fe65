// Which feed and which endpoint a call means: X-UNS-ID, targetHostName=, or the only cross-device app of the caller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/context.h"

namespace hg::api {

// The cross-device apps that the calling application belongs to; those whose host is verified, or need not be.
std::vector<AppId> apps_of(const Call& call);
bool reaches(const Call& call, const AppId& app);
// "" where it is gone.
std::string host_name_of(const Call& call, const AppId& app);

// Where the path says /users/{userId}: it is the caller, by id or UPN. Anybody else is not_found.
asio::awaitable<Result<void>> check_oneself(const Call& call);

// Of a user; "" where it is gone.
asio::awaitable<std::string> upn_of(const Call& call, UserId user);

Error no_such_notification();
// The one refusal of whatever the caller's application may not reach: the same bytes for what there is not.
Error target_not_allowed();

// The caller's cross-device apps by name, and `advice` how to name one.
Error several_apps(const Call& call, std::string_view advice);

// X-UNS-ID, where it is sent. Refused: twice; one that was not made here, of a cross-device app that the application
// does not belong to, or (for a user) of another user.
Result<std::optional<feed::Unsid>> named_unsid(const Call& call);

// The endpoint a user's call names as its own by X-UNS-ID; its end slides. Code::subscription_ended where it has.
asio::awaitable<Result<std::optional<model::Subscription>>> named_endpoint(Call& call);

// The feed of a user's collection call: of the endpoint it names, of ?targetHostName=, or the only one there is.
asio::awaitable<Result<FeedKey>> collection_feed(Call& call);
Result<FeedKey> collection_feed(const Call& call, const std::optional<model::Subscription>& endpoint);

// Who handled it: the endpoint, where it is known.
model::HandledBy handled_by(const std::optional<model::Subscription>& endpoint, Time now);

// X-New-ETag and X-Base-ETag.
void add_change_headers(Call& call, const FeedKey& feed, const model::Changed& changed);

// If-Match: sets what the change is conditional on. One that cannot be of this feed fits nothing: resource_modified.
Result<void> apply_if_match(const Call& call, model::ChangeRequest& request);

}  // namespace hg::api
