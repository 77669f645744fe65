#include "store/outbox.h"

#include <algorithm>

namespace hg::store::outbox {

void add(Connection& tx, const FeedKey& feed, const OutboxRow& row) {
  const auto named = row.maker.zero() ? std::nullopt : std::optional(row.maker);
  tx.exec(
      "INSERT INTO outbox (shard, user_id, app_id, version, kind, maker, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {feed.shard(), feed.user, feed.app, row.version, row.kind, named, row.at});
}

bool any(Connection& tx) {
  return tx.first("SELECT seq FROM outbox LIMIT 1", {}, [](const Row& row) { return row.integer(0); }).has_value();
}

std::vector<FeedKey> feeds(Connection& tx, Time now, std::size_t limit) {
  std::vector<FeedKey> found;
  tx.exec(
      "SELECT o.user_id, o.app_id FROM outbox o JOIN feeds f ON f.shard = o.shard AND f.user_id = o.user_id "
      "AND f.app_id = o.app_id WHERE f.push_lease_until <= $1 ORDER BY o.seq LIMIT $2",
      {now, limit}, [&](const Row& row) {
        const FeedKey feed{row.id<UserId>(0), row.id<AppId>(1)};
        if (std::ranges::find(found, feed) == found.end()) found.push_back(feed);
      });
  return found;
}

std::vector<OutboxRow> of_feed(Connection& tx, const FeedKey& feed, std::size_t limit) {
  return tx.all(
      "SELECT seq, version, kind, maker, due_at FROM outbox WHERE shard = $1 AND user_id = $2 AND app_id = $3 "
      "ORDER BY version LIMIT $4",
      {feed.shard(), feed.user, feed.app, limit}, [](const Row& row) {
        return OutboxRow{.number = row.integer(0),
                         .version = row.integer(1),
                         .kind = row.value<model::ChangeKind>(2),
                         .maker = row.maybe_id<SubscriptionId>(3).value_or(SubscriptionId{}),
                         .at = row.time(4)};
      });
}

void erase(Connection& tx, const FeedKey& feed, std::int64_t number) {
  tx.exec("DELETE FROM outbox WHERE shard = $1 AND seq = $2", {feed.shard(), number});
}

Backlog backlog(Connection& tx) {
  return tx
      .first("SELECT COUNT(*), MIN(due_at) FROM outbox", {},
             [](const Row& row) { return Backlog{row.integer(0), row.maybe_time(1)}; })
      .value();
}

}  // namespace hg::store::outbox
