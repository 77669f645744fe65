#include "store/feeds.h"

#include "store/feed_rows.h"

namespace hg::store::feeds {
namespace {

// A client that was told a later expiry still shows it.
model::Notification as_change(model::Notification n, Time now) {
  if (!n.deleted() && n.content.expires_at <= now) n.status = model::Status::deleted;
  return n;
}

std::optional<std::string_view> handled_platform(const model::Notification& n) {
  return n.handled_by ? std::optional<std::string_view>(n.handled_by->platform) : std::nullopt;
}
std::optional<std::string_view> handled_device(const model::Notification& n) {
  return n.handled_by ? std::optional<std::string_view>(n.handled_by->device_name) : std::nullopt;
}
std::optional<SubscriptionId> maker(const model::Notification& n) {
  return n.maker.zero() ? std::nullopt : std::optional(n.maker);
}
std::optional<Time> handled_at(const model::Notification& n) {
  return n.handled_by ? std::optional(n.handled_by->at) : std::nullopt;
}

}  // namespace

Feed lock(Connection& tx, const FeedKey& feed) {
  const auto select = [&] {
    return tx.first("SELECT " HG_FEED_COLUMNS
                    " FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3 FOR UPDATE",
                    {feed.shard(), feed.user, feed.app}, read_feed);
  };
  if (auto row = select()) return *row;
  tx.exec(
      "INSERT INTO feeds (shard, user_id, app_id, next_expiry_at) VALUES ($1, $2, $3, $4) ON CONFLICT (shard, user_id, "
      "app_id) DO NOTHING",
      {feed.shard(), feed.user, feed.app, kNever});
  return select().value();
}

void save(Connection& tx, const FeedKey& feed, const Feed& row) {
  tx.exec(
      "UPDATE feeds SET version = $1, floor_version = $2, last_alert_version = $3, unread = $4, live_count = $5, "
      "bytes = $6, tombstones = $7, next_expiry_at = $8, previous_alert_version = $9 WHERE shard = $10 AND user_id = "
      "$11 "
      "AND app_id = $12",
      {row.version, row.floor_version, row.last_alert_version, row.unread, row.live, row.bytes, row.tombstones,
       row.next_expiry, row.previous_alert_version, feed.shard(), feed.user, feed.app});
}

std::optional<Feed> find(Connection& tx, const FeedKey& feed) {
  return tx.first("SELECT " HG_FEED_COLUMNS " FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3",
                  {feed.shard(), feed.user, feed.app}, read_feed);
}

Feed at(Connection& tx, const FeedKey& feed, Time now) {
  auto row = find(tx, feed);
  if (!row) return {};
  if (row->next_expiry <= now) recount(tx, feed, *row, now);
  return *row;
}

void recount(Connection& tx, const FeedKey& feed, Feed& row, Time now) {
  tx.exec(
      "SELECT COUNT(*), COALESCE(SUM(CASE WHEN read_state = 0 THEN 1 ELSE 0 END), 0), CAST(COALESCE(SUM(bytes), 0) AS "
      "BIGINT), "
      "MIN(expires_at) FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status <> 2 "
      "AND expires_at > $4",
      {feed.shard(), feed.user, feed.app, now}, [&](const Row& counted) {
        row.live = counted.integer(0);
        row.unread = counted.integer(1);
        row.bytes = counted.integer(2);
        row.next_expiry = counted.maybe_time(3).value_or(kNever);
      });
}

std::optional<model::Notification> notification(Connection& tx, const FeedKey& feed, const NotificationId& id) {
  return tx.first("SELECT " HG_NOTIFICATION_COLUMNS
                  " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND id = $4",
                  {feed.shard(), feed.user, feed.app, id}, read_notification);
}

void insert(Connection& tx, const FeedKey& feed, const model::Notification& n) {
  std::vector<Value> values;
  add_insert(values, feed, n);
  tx.exec("INSERT INTO notifications (shard, user_id, app_id, " HG_NOTIFICATION_COLUMNS
          ", bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
          "$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)",
          values, [](const Row&) {});
}

void update(Connection& tx, const FeedKey& feed, const model::Notification& n) {
  const auto& c = n.content;
  tx.later(
      "UPDATE notifications SET version = $1, group_name = $2, platform_mask = $3, display_ttl = $4, expires_at = $5, "
      "keep_until = $6, priority = $7, status = $8, read_state = $9, action_state = $10, snooze_until = $11, "
      "content_version = $12, created_at = $13, modified_at = $14, handled_platform = $15, handled_device = $16, "
      "handled_at = $17, posted_by = $18, request_id = $19, fingerprint = $20, alert_version = $21, alerted_at = $22, "
      "maker = $23, made_after = $24, raw_content = $25, title = $26, body = $27, policies = $28, bytes = $29 "
      "WHERE shard = $30 AND user_id = $31 AND app_id = $32 AND id = $33",
      {n.version,
       c.group_name,
       c.platforms,
       c.display_ttl,
       c.expires_at,
       n.keep_until,
       c.priority,
       n.status,
       n.read_state,
       n.action_state,
       n.snooze_until,
       n.content_version,
       n.created_at,
       n.modified_at,
       handled_platform(n),
       handled_device(n),
       handled_at(n),
       n.posted_by,
       n.request_id,
       blob(n.fingerprint),
       n.alert_version,
       n.alerted_at,
       maker(n),
       n.made_after,
       c.raw_content,
       c.title,
       c.body,
       c.policies,
       n.bytes(),
       feed.shard(),
       feed.user,
       feed.app,
       n.id});
}

void erase(Connection& tx, const FeedKey& feed, const NotificationId& id) {
  tx.exec("DELETE FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND id = $4",
          {feed.shard(), feed.user, feed.app, id});
}

void heads(Connection& tx, const FeedKey& feed, Time now, const std::function<void(const model::Notification&)>& each) {
  tx.exec("SELECT " HG_HEAD_COLUMNS
          " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status <> 2 AND expires_at > $4",
          {feed.shard(), feed.user, feed.app, now}, [&](const Row& row) { each(read_head(row)); });
}

std::vector<model::CapEntry> cap_entries(Connection& tx, const FeedKey& feed, Time now) {
  return tx.all(
      "SELECT id, read_state, action_state, created_at, expires_at, bytes FROM notifications WHERE shard = $1 AND "
      "user_id = $2 "
      "AND app_id = $3 AND status <> 2 AND expires_at > $4",
      {feed.shard(), feed.user, feed.app, now}, [](const Row& row) {
        const auto action = row.value<model::ActionState>(2);
        return model::CapEntry{
            .id = row.id<NotificationId>(0),
            .handled = action == model::ActionState::activated || action == model::ActionState::dismissed,
            .read = row.value<model::ReadState>(1) == model::ReadState::read,
            .snoozed = action == model::ActionState::snoozed,
            .created_at = row.time(3),
            .expires_at = row.time(4),
            .bytes = row.integer(5)};
      });
}

std::int64_t tombstones(Connection& tx, const FeedKey& feed) {
  return tx
      .first("SELECT COUNT(*) FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status = 2",
             {feed.shard(), feed.user, feed.app}, [](const Row& row) { return row.integer(0); })
      .value();
}

// keep_until > 0, here and below: by this a planner knows that the index by version serves (migrations/postgres).
std::vector<Tombstone> oldest_tombstones(Connection& tx, const FeedKey& feed, std::size_t limit) {
  return tx.all(
      "SELECT id, version FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status = 2 "
      "AND keep_until > 0 ORDER BY version, id LIMIT $4",
      {feed.shard(), feed.user, feed.app, limit},
      [](const Row& row) { return Tombstone{row.id<NotificationId>(0), row.integer(1)}; });
}

std::vector<model::Notification> since(Connection& tx, const FeedKey& feed, std::int64_t version,
                                       const NotificationId& id, std::int64_t tombstones_above, Time now,
                                       std::size_t limit) {
  return tx.all("SELECT " HG_NOTIFICATION_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version >= $4 "
                "AND (version > $4 OR id > $5) AND keep_until > 0 AND keep_until > $6 "
                "AND (version > $7 OR (status <> 2 AND expires_at > $6)) ORDER BY version, id LIMIT $8",
                {feed.shard(), feed.user, feed.app, version, id, now, tombstones_above, limit},
                [now](const Row& row) { return as_change(read_notification(row), now); });
}

std::vector<model::Notification> newest(Connection& tx, const FeedKey& feed, std::int64_t above, Time now,
                                        std::size_t limit) {
  return tx.all("SELECT " HG_NOTIFICATION_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version > $4 "
                "AND keep_until > 0 AND keep_until > $5 ORDER BY version DESC, id LIMIT $6",
                {feed.shard(), feed.user, feed.app, above, now, limit},
                [now](const Row& row) { return as_change(read_notification(row), now); });
}

std::vector<model::Notification> alerted(Connection& tx, const FeedKey& feed, std::int64_t first, std::int64_t last) {
  return tx.all("SELECT " HG_NOTIFICATION_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version >= $4 "
                "AND keep_until > 0 AND alert_version >= $4 AND alert_version <= $5 ORDER BY alert_version, id",
                {feed.shard(), feed.user, feed.app, first, last}, read_notification);
}

std::optional<model::Notification> newest_asking(Connection& tx, const FeedKey& feed, model::PlatformMask platforms,
                                                 Time now) {
  return tx.first("SELECT " HG_HEAD_COLUMNS
                  " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status <> 2 "
                  "AND read_state = 0 AND action_state = 0 AND expires_at > $4 AND (platform_mask & $5) <> 0 "
                  "ORDER BY alert_version DESC, id LIMIT 1",
                  {feed.shard(), feed.user, feed.app, now, platforms}, read_head);
}

std::vector<Spent> spent(Connection& tx, Time now, std::size_t limit) {
  // Whole weeks of them are dropped (store/partitions): what lies in none is left.
  return tx.all(
      tx.dialect() == Dialect::postgresql
          ? "SELECT user_id, app_id, id FROM notifications_other WHERE expires_at <= $1 AND keep_until <= $1 ORDER BY "
            "expires_at LIMIT $2"
          : "SELECT user_id, app_id, id FROM notifications WHERE expires_at <= $1 AND keep_until <= $1 ORDER BY "
            "expires_at LIMIT $2",
      {now, limit},
      [](const Row& row) { return Spent{{row.id<UserId>(0), row.id<AppId>(1)}, row.id<NotificationId>(2)}; });
}

}  // namespace hg::store::feeds
