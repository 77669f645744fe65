#include "store/feeds.h"

#include <limits>

namespace hg::store::feeds {
namespace {

// The heads, then the contents: the order of kColumns.
#define HG_HEAD_COLUMNS                                                                                          \
  "id, version, app_notification_id, group_name, platform_mask, display_ttl, expires_at, keep_until, priority, " \
  "status, "                                                                                                     \
  "read_state, action_state, snooze_until, content_version, created_at, modified_at, handled_platform, "         \
  "handled_device, "                                                                                             \
  "handled_at, posted_by, request_id, fingerprint, alert_version, alerted_at, maker, made_after"
#define HG_COLUMNS HG_HEAD_COLUMNS ", raw_content, title, body, policies"

model::Notification read_head(const Row& row) {
  model::Notification n;
  n.id = row.id<NotificationId>(0);
  n.version = row.integer(1);
  n.content.app_notification_id = row.text(2);
  n.content.group_name = row.maybe_text(3);
  n.content.platforms = static_cast<model::PlatformMask>(row.integer(4));
  if (const auto ttl = row.maybe_integer(5)) n.content.display_ttl = static_cast<std::int32_t>(*ttl);
  n.content.expires_at = row.time(6);
  n.keep_until = row.time(7);
  n.content.priority = row.value<model::Priority>(8);
  n.status = row.value<model::Status>(9);
  n.read_state = row.value<model::ReadState>(10);
  n.action_state = row.value<model::ActionState>(11);
  n.snooze_until = row.maybe_time(12);
  n.content_version = row.integer(13);
  n.created_at = row.time(14);
  n.modified_at = row.maybe_time(15);
  if (!row.null(18)) n.handled_by = model::HandledBy{row.text(16), row.text(17), row.time(18)};
  n.posted_by = row.id<ApplicationId>(19);
  n.request_id = row.text(20);
  n.fingerprint = row.text(21);
  n.alert_version = row.integer(22);
  n.alerted_at = row.time(23);
  if (!row.null(24)) n.maker = row.id<SubscriptionId>(24);
  n.made_after = row.integer(25);
  return n;
}

model::Notification read_whole(const Row& row) {
  auto n = read_head(row);
  n.content.raw_content = row.maybe_text(26);
  n.content.title = row.maybe_text(27);
  n.content.body = row.maybe_text(28);
  n.content.policies = row.text(29);
  return n;
}

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

Feed read_feed(const Row& row) {
  return {.version = row.integer(0),
          .floor_version = row.integer(1),
          .last_alert_version = row.integer(2),
          .unread = row.integer(3),
          .live = row.integer(4),
          .bytes = row.integer(5),
          .tombstones = row.integer(6),
          .next_expiry = row.time(7),
          .previous_alert_version = row.integer(8)};
}

constexpr auto kNever = Time(Duration(std::numeric_limits<std::int64_t>::max()));

}  // namespace

Feed lock(Connection& tx, const FeedKey& feed) {
  const auto select = [&] {
    return tx.first(
        "SELECT version, floor_version, last_alert_version, unread, live_count, bytes, tombstones, next_expiry_at, "
        "previous_alert_version "
        "FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3 FOR UPDATE",
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
  return tx.first(
      "SELECT version, floor_version, last_alert_version, unread, live_count, bytes, tombstones, next_expiry_at, "
      "previous_alert_version "
      "FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3",
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
  return tx.first("SELECT " HG_COLUMNS
                  " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND id = $4",
                  {feed.shard(), feed.user, feed.app, id}, read_whole);
}

void insert(Connection& tx, const FeedKey& feed, const model::Notification& n) {
  const auto& c = n.content;
  tx.exec("INSERT INTO notifications (shard, user_id, app_id, " HG_COLUMNS
          ", bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
          "$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)",
          {feed.shard(),
           feed.user,
           feed.app,
           n.id,
           n.version,
           c.app_notification_id,
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
           n.bytes()});
}

void update(Connection& tx, const FeedKey& feed, const model::Notification& n) {
  const auto& c = n.content;
  tx.exec(
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
      "SELECT id, read_state, action_state, created_at, bytes FROM notifications WHERE shard = $1 AND user_id = $2 "
      "AND app_id = $3 AND status <> 2 AND expires_at > $4",
      {feed.shard(), feed.user, feed.app, now}, [](const Row& row) {
        const auto action = row.value<model::ActionState>(2);
        return model::CapEntry{
            .id = row.id<NotificationId>(0),
            .handled = action == model::ActionState::activated || action == model::ActionState::dismissed,
            .read = row.value<model::ReadState>(1) == model::ReadState::read,
            .snoozed = action == model::ActionState::snoozed,
            .created_at = row.time(3),
            .bytes = row.integer(4)};
      });
}

std::vector<Tombstone> oldest_tombstones(Connection& tx, const FeedKey& feed, std::size_t limit) {
  return tx.all(
      "SELECT id, version FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND status = 2 "
      "ORDER BY version, id LIMIT $4",
      {feed.shard(), feed.user, feed.app, limit},
      [](const Row& row) { return Tombstone{row.id<NotificationId>(0), row.integer(1)}; });
}

std::vector<model::Notification> since(Connection& tx, const FeedKey& feed, std::int64_t version,
                                       const NotificationId& id, std::int64_t tombstones_above, Time now,
                                       std::size_t limit) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version >= $4 "
                "AND (version > $4 OR id > $5) AND keep_until > $6 "
                "AND (version > $7 OR (status <> 2 AND expires_at > $6)) ORDER BY version, id LIMIT $8",
                {feed.shard(), feed.user, feed.app, version, id, now, tombstones_above, limit},
                [now](const Row& row) { return as_change(read_whole(row), now); });
}

std::vector<model::Notification> newest(Connection& tx, const FeedKey& feed, std::int64_t above, Time now,
                                        std::size_t limit) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version > $4 "
                "AND keep_until > $5 ORDER BY version DESC, id LIMIT $6",
                {feed.shard(), feed.user, feed.app, above, now, limit},
                [now](const Row& row) { return as_change(read_whole(row), now); });
}

std::vector<model::Notification> alerted(Connection& tx, const FeedKey& feed, std::int64_t first, std::int64_t last) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM notifications WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND version >= $4 "
                "AND alert_version >= $4 AND alert_version <= $5 ORDER BY alert_version, id",
                {feed.shard(), feed.user, feed.app, first, last}, read_whole);
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
  return tx.all(
      "SELECT user_id, app_id, id FROM notifications WHERE expires_at <= $1 AND keep_until <= $1 ORDER BY expires_at "
      "LIMIT $2",
      {now, limit},
      [](const Row& row) { return Spent{{row.id<UserId>(0), row.id<AppId>(1)}, row.id<NotificationId>(2)}; });
}

}  // namespace hg::store::feeds
