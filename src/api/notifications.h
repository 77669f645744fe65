// The Graph API's notifications (docs/http-api.md): sending and managing them.
#pragma once

#include "api/context.h"

namespace hg::api::notifications {

Answer me(Call& call);

Answer post(Call& call);
Answer list(Call& call);
Answer count(Call& call);  // as text
Answer delta(Call& call);
Answer mark_all_read(Call& call);  // of the feed, or of one group
Answer dismiss_all(Call& call);
Answer show(Call& call);
// One as an answer, with its ETag. `context`: its @odata.context.
net::Response entity(const Call& call, int status, const FeedKey& feed, const model::Notification& notification,
                     std::string_view context);
// 204 in place of an entity, where Prefer wants little.
net::Response as_preferred(const Call& call, net::Response entity);
// The one that a call by id is shown: of a user's own, or as an application sees it through X-UNS-ID.
asio::awaitable<Result<feed::Found>> shown(Call& call);
Answer change(Call& call);  // a user's device its state, an application its content
Answer remove(Call& call);

Answer vapid_key(Call& call);       // of the caller's cross-device app
Answer open_vapid_key(Call& call);  // of a host name, to anybody

}  // namespace hg::api::notifications
