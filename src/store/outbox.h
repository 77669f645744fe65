// What changed in feeds since it was last worked off: appended with each change, taken off once it is planned
// (delivery). In the order it happened, due as soon as it is there.
#pragma once

#include <vector>

#include "model/change.h"
#include "store/sql.h"

namespace hg::store {

struct OutboxRow {
  std::int64_t number = 0;
  std::int64_t version = 0;
  model::ChangeKind kind = model::ChangeKind::state;
  SubscriptionId maker = {};  // zero: none was named
  Time at{};
};

namespace outbox {

// Of what somebody may have to be pushed or mailed.
void add(Connection& tx, const FeedKey& feed, const OutboxRow& row);
// Whether there is anything.
bool any(Connection& tx);
// Feeds with rows and without a running lease, the oldest first; found among at most `limit` rows.
std::vector<FeedKey> feeds(Connection& tx, Time now, std::size_t limit);
// Lowest version first.
std::vector<OutboxRow> of_feed(Connection& tx, const FeedKey& feed, std::size_t limit);
void erase(Connection& tx, const FeedKey& feed, std::int64_t number);
// How many, and when the oldest was added.
struct Backlog {
  std::int64_t rows = 0;
  std::optional<Time> oldest;
};
Backlog backlog(Connection& tx);

}  // namespace outbox
}  // namespace hg::store
