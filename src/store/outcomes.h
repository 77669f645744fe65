// The delivery report of each notification: one compact row with a line for every endpoint (model/delivery.h). Changed
// under the feed's lock.
#pragma once

#include <optional>

#include "model/delivery.h"
#include "store/sql.h"

namespace hg::store::outcomes {

std::optional<model::Report> find(Connection& tx, const FeedKey& feed, const NotificationId& id);
void put(Connection& tx, const FeedKey& feed, const NotificationId& id, const model::Report& report);
void erase(Connection& tx, const FeedKey& feed, const NotificationId& id);

}  // namespace hg::store::outcomes
