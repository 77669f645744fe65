// The only code that changes feeds: a group of requests becomes the rows of one transaction.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "feed/cap_order.h"
#include "model/change.h"
#include "store/sql.h"

namespace hg::feed {

// A feed that went from one version to another.
struct Advance {
  FeedKey feed;
  std::int64_t from = 0, to = 0;
  std::int64_t unread = 0;
  std::vector<model::Notification> changed;  // by version; the last state of each
  std::optional<CapOrder> order = {};        // where the feed is full: what leaves it next, as of `to`
};

struct Applied {
  std::vector<Result<model::Changed>> answers;  // one for each request, in their order
  std::vector<Advance> advances;                // of the feeds that changed, in key order
  std::optional<Time> due;                      // when the earliest of what is owed now is due
};

// Locks each feed once, in key order; within a feed requests are decided in their order, each against what the ones
// before it left, and every decision is made before anything of that feed is written. A request that is refused leaves
// no trace. `orders`: what was answered before and has been committed.
Applied apply(store::Connection& tx, std::span<const model::ChangeRequest> requests, const CapOrders& orders);

}  // namespace hg::feed
