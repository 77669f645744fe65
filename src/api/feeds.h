// The feed API (docs/http-api.md): subscriptions, the view of a feed, changes of activities.
#pragma once

#include "api/context.h"

namespace hg::api::feeds {

Answer subscribe(Call& call);
Answer list_subscriptions(Call& call);
Answer show_subscription(Call& call);
Answer unsubscribe(Call& call);

Answer view(Call& call);

Answer show_activity(Call& call);
Answer change_activity(Call& call);
Answer remove_activity(Call& call);

}  // namespace hg::api::feeds
