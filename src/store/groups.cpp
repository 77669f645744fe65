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

using Wants = std::map<FeedKey, Wanted>;
using Knows = std::map<FeedKey, Known>;

FeedKey feed_of(const Row& row, std::size_t first) { return {row.id<UserId>(first), row.id<AppId>(first + 1)}; }

// In one order everywhere: by shard, user, app.
void ask_feeds(Connection& tx, const Wants& wanted, Connection::Each each) {
  static const Many statement("SELECT " HG_FEED_COLUMNS
                              ", user_id, app_id FROM feeds WHERE (shard, user_id, app_id) IN (VALUES ",
                              "(" HG_FEED_ROW ")", ") ORDER BY shard, user_id, app_id FOR UPDATE");
  std::vector<Value> values;
  for (const auto& [feed, want] : wanted) add_key(values, feed);
  statement.ask(tx, std::move(values), each);
}

void ask_notifications(Connection& tx, const Wants& wanted, Connection::Each each) {
  static const Many statement("SELECT " HG_NOTIFICATION_COLUMNS
                              ", user_id, app_id FROM notifications WHERE (shard, user_id, app_id, id) IN (VALUES ",
                              "(" HG_FEED_ROW ", CAST(? AS BYTEA))", ")");
  std::vector<Value> values;
  for (const auto& [feed, want] : wanted)
    for (const auto& id : want.notifications) {
      add_key(values, feed);
      values.emplace_back(id);
    }
  statement.ask(tx, std::move(values), each);
}

void ask_endpoints(Connection& tx, const Wants& wanted, Connection::Each each) {
  static const Many statement(
      "SELECT user_id, app_id, id, platform, expires_at FROM subscriptions WHERE ended_at IS NULL AND (shard, user_id, "
      "app_id) IN (VALUES ",
      "(" HG_FEED_ROW ")", ")");
  std::vector<Value> values;
  for (const auto& [feed, want] : wanted)
    if (want.endpoints_at) add_key(values, feed);
  statement.ask(tx, std::move(values), each);
}

// Of the feeds that there are; in one round trip, for each statement sees what is so when it is run, after the locks.
Knows ask(Connection& tx, const Wants& wanted) {
  Knows known;
  const auto feed = [&](const Row& row) { known[feed_of(row, kFeedColumns)].row = read_feed(row); };
  const auto notification = [&](const Row& row) {
    if (const auto of = known.find(feed_of(row, kNotificationColumns)); of != known.end())
      of->second.notifications.push_back(read_notification(row));
  };
  const auto endpoint = [&](const Row& row) {
    const auto of = known.find(feed_of(row, 0));
    if (of == known.end() || row.time(4) <= wanted.at(of->first).endpoints_at) return;
    of->second.endpoints.push_back(
        {row.id<SubscriptionId>(2), row.value<model::ChannelKind>(3) != model::ChannelKind::live});
  };
  ask_feeds(tx, wanted, feed);
  ask_notifications(tx, wanted, notification);
  ask_endpoints(tx, wanted, endpoint);
  tx.settle();
  return known;
}

void make(Connection& tx, const Wants& wanted) {
  static const Many statement("INSERT INTO feeds (shard, user_id, app_id, next_expiry_at) VALUES ", "(?, ?, ?, ?)",
                              " ON CONFLICT (shard, user_id, app_id) DO NOTHING");
  std::vector<Value> values;
  for (const auto& [feed, want] : wanted) {
    add_key(values, feed);
    values.emplace_back(kNever);
  }
  statement.write(tx, values);
}

Known lock_one(Connection& tx, const FeedKey& feed, const Wanted& want) {
  Known known{.row = feeds::lock(tx, feed), .notifications = {}, .endpoints = {}};
  for (const auto& id : want.notifications)
    if (auto stored = feeds::notification(tx, feed, id)) known.notifications.push_back(*std::move(stored));
  if (want.endpoints_at) known.endpoints = subscriptions::endpoints(tx, feed, *want.endpoints_at);
  return known;
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

Knows lock(Connection& tx, const Wants& wanted) {
  Knows known;
  if (!far(tx)) {
    for (const auto& [feed, want] : wanted) known.emplace(feed, lock_one(tx, feed, want));
    return known;
  }
  known = ask(tx, wanted);
  if (known.size() < wanted.size()) {
    auto missing = wanted;
    std::erase_if(missing, [&](const auto& one) { return known.contains(one.first); });
    make(tx, missing);
    known.merge(ask(tx, missing));
  }
  return known;
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
  std::vector<Value> values;
  for (const auto& feed : feeds) add_key(values, feed);
  const auto each = [&](const Row& row) { found.emplace_back(feed_of(row, 0), row.integer(2)); };
  statement.ask(tx, std::move(values), each);
  tx.settle();
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
