#include "store/idempotency.h"

namespace hg::store::idempotency {

std::optional<IdempotencyRow> find(Connection& tx, const FeedKey& feed, const ApplicationId& application,
                                   const std::string& key, Time now) {
  return tx.first(
      "SELECT fingerprint, notification_id, base_version, new_version, content_version, endpoints, posted_at, "
      "expires_at, "
      "created_at FROM idempotency WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND application_id = $4 "
      "AND idem_key = $5 AND created_at > $6",
      {feed.shard(), feed.user, feed.app, application, key, now - kIdempotencyLife}, [](const Row& row) {
        return IdempotencyRow{.fingerprint = row.text(0),
                              .notification = row.id<NotificationId>(1),
                              .base_version = row.integer(2),
                              .new_version = row.integer(3),
                              .content_version = row.integer(4),
                              .endpoints = row.integer(5),
                              .created_at = row.time(6),
                              .expires_at = row.time(7),
                              .made_at = row.time(8)};
      });
}

void put(Connection& tx, const FeedKey& feed, const ApplicationId& application, const std::string& key,
         const IdempotencyRow& row) {
  tx.later(
      "INSERT INTO idempotency (shard, user_id, app_id, application_id, idem_key, fingerprint, notification_id, "
      "base_version, new_version, content_version, endpoints, posted_at, expires_at, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
      "ON CONFLICT (shard, user_id, app_id, application_id, idem_key) DO UPDATE SET fingerprint = "
      "excluded.fingerprint, notification_id = excluded.notification_id, base_version = excluded.base_version, "
      "new_version = excluded.new_version, content_version = excluded.content_version, endpoints = excluded.endpoints, "
      "posted_at = excluded.posted_at, expires_at = excluded.expires_at, created_at = excluded.created_at",
      {feed.shard(), feed.user, feed.app, application, key, blob(row.fingerprint), row.notification, row.base_version,
       row.new_version, row.content_version, row.endpoints, row.created_at, row.expires_at, row.made_at});
}

std::size_t erase_older(Connection& tx, Time made_before, std::size_t limit) {
  struct Key {
    std::int64_t shard;
    Guid user, app, application;
    std::string key;
  };
  const auto old = tx.all(
      "SELECT shard, user_id, app_id, application_id, idem_key FROM idempotency WHERE created_at <= $1 "
      "ORDER BY created_at LIMIT $2",
      {made_before, limit},
      [](const Row& row) { return Key{row.integer(0), row.guid(1), row.guid(2), row.guid(3), row.text(4)}; });
  for (const auto& key : old) {
    tx.exec(
        "DELETE FROM idempotency WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND application_id = $4 "
        "AND idem_key = $5",
        {key.shard, key.user, key.app, key.application, key.key});
  }
  return old.size();
}

}  // namespace hg::store::idempotency
