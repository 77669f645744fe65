#include "store/outcomes.h"

namespace hg::store::outcomes {

std::optional<model::Report> find(Connection& tx, const FeedKey& feed, const NotificationId& id) {
  return tx.first(
      "SELECT report FROM outcomes WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND notification_id = $4",
      {feed.shard(), feed.user, feed.app, id}, [](const Row& row) { return model::parse_report(row.view(0)); });
}

void put(Connection& tx, const FeedKey& feed, const NotificationId& id, const model::Report& report) {
  const auto text = model::report_text(report);
  tx.exec(
      "INSERT INTO outcomes (shard, user_id, app_id, notification_id, report) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (shard, user_id, app_id, notification_id) DO UPDATE SET report = excluded.report",
      {feed.shard(), feed.user, feed.app, id, blob(text)});
}

void erase(Connection& tx, const FeedKey& feed, const NotificationId& id) {
  tx.exec("DELETE FROM outcomes WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND notification_id = $4",
          {feed.shard(), feed.user, feed.app, id});
}

}  // namespace hg::store::outcomes
