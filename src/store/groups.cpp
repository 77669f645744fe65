#include "store/groups.h"

#include <algorithm>
#include <map>

#include "store/feed_rows.h"
#include "store/many.h"

namespace hg::store::groups {
namespace {

// Where a statement is a round trip.
bool far(const Connection& tx) { return tx.dialect() == Dialect::postgresql; }

// Parameters that stand in a list of their own have no type but the one that is said.
#define HG_FEED_ROW "CAST(? AS BIGINT), CAST(? AS BYTEA), CAST(? AS BYTEA)"

void add_key(std::vector<Value>& values, const FeedKey& feed) {
  values.insert(values.end(), {feed.shard(), feed.user, feed.app});
}

std::vector<Value> values_of(std::span<const FeedKey> feeds) {
  std::vector<Value> values;
  for (const auto& feed : feeds) add_key(values, feed);
  return values;
}

FeedKey feed_of(const Row& row, std::size_t first) { return {row.id<UserId>(first), row.id<AppId>(first + 1)}; }

// In one order everywhere: by shard, user, app.
std::map<FeedKey, Feed> locked(Connection& tx, std::span<const FeedKey> feeds) {
  static const Many statement("SELECT " HG_FEED_COLUMNS
                              ", user_id, app_id FROM feeds WHERE (shard, user_id, app_id) IN (VALUES ",
                              "(" HG_FEED_ROW ")", ") ORDER BY shard, user_id, app_id FOR UPDATE");
  std::map<FeedKey, Feed> found;
  statement.ask(tx, values_of(feeds),
                [&](const Row& row) { found.emplace(feed_of(row, kFeedColumns), read_feed(row)); });
  return found;
}

void make(Connection& tx, std::span<const FeedKey> feeds) {
  static const Many statement("INSERT INTO feeds (shard, user_id, app_id, next_expiry_at) VALUES ", "(?, ?, ?, ?)",
                              " ON CONFLICT (shard, user_id, app_id) DO NOTHING");
  std::vector<Value> values;
  for (const auto& feed : feeds) {
    add_key(values, feed);
    values.emplace_back(kNever);
  }
  statement.write(tx, values);
}

void insert_notifications(Connection& tx, const Writes& writes) {
  static const Many statement("INSERT INTO notifications (shard, user_id, app_id, " HG_NOTIFICATION_COLUMNS
                              ", bytes) VALUES ",
                              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                              "?, ?, ?, ?, ?)",
                              "");
  std::vector<Value> values;
  for (const auto& [feed, notification] : writes.inserted) add_insert(values, feed, *notification);
  statement.write(tx, values);
}

void add_outbox(Connection& tx, const Writes& writes) {
  static const Many statement("INSERT INTO outbox (shard, user_id, app_id, version, kind, maker, due_at) VALUES ",
                              "(?, ?, ?, ?, ?, ?, ?)", "");
  std::vector<Value> values;
  for (const auto& [feed, row] : writes.outbox) {
    add_key(values, feed);
    values.insert(values.end(), {row.version, row.kind, row.maker.zero() ? Value() : Value(row.maker), row.at});
  }
  statement.write(tx, values);
}

}  // namespace

std::vector<Feed> lock(Connection& tx, std::span<const FeedKey> feeds) {
  std::vector<Feed> rows;
  if (!far(tx)) {
    for (const auto& feed : feeds) rows.push_back(feeds::lock(tx, feed));
    return rows;
  }
  auto found = locked(tx, feeds);
  if (found.size() < feeds.size()) {
    std::vector<FeedKey> missing;
    std::ranges::copy_if(feeds, std::back_inserter(missing), [&](const FeedKey& one) { return !found.contains(one); });
    make(tx, missing);
    found.merge(locked(tx, missing));
  }
  for (const auto& feed : feeds) rows.push_back(found.at(feed));
  return rows;
}

std::vector<std::optional<model::Notification>> notifications(Connection& tx, std::span<const NotificationKey> keys) {
  std::vector<std::optional<model::Notification>> all;
  if (!far(tx)) {
    for (const auto& key : keys) all.push_back(feeds::notification(tx, key.feed, key.id));
    return all;
  }
  static const Many statement("SELECT " HG_NOTIFICATION_COLUMNS
                              ", user_id, app_id FROM notifications WHERE (shard, user_id, app_id, id) IN (VALUES ",
                              "(" HG_FEED_ROW ", CAST(? AS BYTEA))", ")");
  std::vector<Value> values;
  for (const auto& key : keys) {
    add_key(values, key.feed);
    values.emplace_back(key.id);
  }
  std::map<std::pair<FeedKey, NotificationId>, model::Notification> found;
  statement.ask(tx, std::move(values), [&](const Row& row) {
    auto n = read_notification(row);
    const std::pair key(feed_of(row, kNotificationColumns), n.id);
    found.emplace(key, std::move(n));
  });
  for (const auto& key : keys) {
    const auto one = found.find({key.feed, key.id});
    all.push_back(one == found.end() ? std::nullopt : std::optional(one->second));
  }
  return all;
}

std::map<FeedKey, std::vector<Endpoint>> endpoints(Connection& tx, const std::map<FeedKey, Time>& feeds) {
  std::map<FeedKey, std::vector<Endpoint>> all;
  if (!far(tx)) {
    for (const auto& [feed, now] : feeds) all[feed] = subscriptions::endpoints(tx, feed, now);
    return all;
  }
  static const Many statement(
      "SELECT user_id, app_id, id, platform, expires_at FROM subscriptions WHERE ended_at IS NULL AND (shard, user_id, "
      "app_id) IN (VALUES ",
      "(" HG_FEED_ROW ")", ")");
  std::vector<Value> values;
  for (const auto& [feed, now] : feeds) {
    add_key(values, feed);
    all[feed];
  }
  statement.ask(tx, std::move(values), [&](const Row& row) {
    const auto feed = feed_of(row, 0);
    if (row.time(4) <= feeds.at(feed)) return;
    all[feed].push_back({row.id<SubscriptionId>(2), row.value<model::ChannelKind>(3) != model::ChannelKind::live});
  });
  return all;
}

std::vector<std::pair<FeedKey, std::int64_t>> versions(Connection& tx, std::span<const FeedKey> feeds) {
  std::vector<std::pair<FeedKey, std::int64_t>> found;
  found.reserve(feeds.size());
  if (!far(tx)) {
    for (const auto& feed : feeds)
      if (const auto row = feeds::find(tx, feed)) found.emplace_back(feed, row->version);
    return found;
  }
  static const Many statement("SELECT user_id, app_id, version FROM feeds WHERE (shard, user_id, app_id) IN (VALUES ",
                              "(" HG_FEED_ROW ")", ")");
  statement.ask(tx, values_of(feeds), [&](const Row& row) { found.emplace_back(feed_of(row, 0), row.integer(2)); });
  return found;
}

void write(Connection& tx, const Writes& writes) {
  for (const auto& [feed, notification] : writes.updated) feeds::update(tx, feed, *notification);
  if (far(tx)) {
    insert_notifications(tx, writes);
    return add_outbox(tx, writes);
  }
  for (const auto& [feed, notification] : writes.inserted) feeds::insert(tx, feed, *notification);
  for (const auto& [feed, row] : writes.outbox) outbox::add(tx, feed, row);
}

// The rows are there and locked, so that this is an update; as an insertion it takes many.
void save_feeds(Connection& tx, const Writes& writes) {
  if (!far(tx)) {
    for (const auto& [feed, row] : writes.feeds) feeds::save(tx, feed, row);
    return;
  }
  static const Many statement(
      "INSERT INTO feeds (shard, user_id, app_id, " HG_FEED_COLUMNS ") VALUES ", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      " ON CONFLICT (shard, user_id, app_id) DO UPDATE SET version = excluded.version, floor_version = "
      "excluded.floor_version, last_alert_version = excluded.last_alert_version, unread = excluded.unread, live_count "
      "= "
      "excluded.live_count, bytes = excluded.bytes, tombstones = excluded.tombstones, next_expiry_at = "
      "excluded.next_expiry_at, previous_alert_version = excluded.previous_alert_version");
  std::vector<Value> values;
  for (const auto& [feed, row] : writes.feeds) {
    add_key(values, feed);
    values.insert(values.end(), {row.version, row.floor_version, row.last_alert_version, row.unread, row.live,
                                 row.bytes, row.tombstones, row.next_expiry, row.previous_alert_version});
  }
  statement.write(tx, values);
}

#undef HG_FEED_ROW

}  // namespace hg::store::groups
