#include "store/partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "store/many.h"

namespace hg::store::partitions {
namespace {

constexpr auto kWeek = Duration(std::chrono::weeks(1));
constexpr std::int64_t kAhead = 6;  // a notification lives for 30 days at the most, counted from its last change
constexpr std::string_view kName = "notifications_w";

std::int64_t week_of(Time time) { return time.time_since_epoch() / kWeek; }
Time begin_of(std::int64_t week) { return Time(week * kWeek); }

// Whoever waits for these locks keeps everybody else waiting behind it: rather another time.
void be_brief(Connection& tx) { tx.script("SET LOCAL lock_timeout = 500"); }

std::vector<std::int64_t> weeks(Connection& tx) {
  std::vector<std::int64_t> found;
  tx.exec(
      "SELECT CAST(c.relname AS TEXT) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = "
      "CAST('notifications' AS REGCLASS)",
      {}, [&](const Row& row) {
        const auto name = row.view(0);
        std::int64_t week = 0;
        if (name.starts_with(kName)) std::from_chars(name.data() + kName.size(), name.data() + name.size(), week);
        if (week > 0) found.push_back(week);
      });
  std::ranges::sort(found);
  return found;
}

// Rows of it that came before it did stay where they are, and it is not made.
bool begun_elsewhere(Connection& tx, std::int64_t week) {
  return tx
      .first("SELECT shard FROM notifications_other WHERE keep_until >= $1 AND keep_until < $2 LIMIT 1",
             {begin_of(week), begin_of(week + 1)}, [](const Row& row) { return row.integer(0); })
      .has_value();
}

// The reports of the next notifications of the week; how many notifications there were.
std::size_t forget_reports(Connection& tx, Cursor& cursor, std::size_t limit) {
  struct Key {
    FeedKey feed;
    NotificationId id;
  };
  const auto keys = tx.all(
      "SELECT user_id, app_id, id FROM notifications WHERE keep_until >= $1 AND keep_until < $2 AND (shard, user_id, "
      "app_id, id) > ($3, $4, $5, $6) ORDER BY shard, user_id, app_id, id LIMIT $7 FOR UPDATE",
      {begin_of(cursor.week), begin_of(cursor.week + 1), cursor.feed.shard(), cursor.feed.user, cursor.feed.app,
       cursor.id, limit},
      [](const Row& row) { return Key{{row.id<UserId>(0), row.id<AppId>(1)}, row.id<NotificationId>(2)}; });
  static const Many statement("DELETE FROM outcomes WHERE (shard, user_id, app_id, notification_id) IN (VALUES ",
                              "(CAST(? AS BIGINT), CAST(? AS BYTEA), CAST(? AS BYTEA), CAST(? AS BYTEA))", ")");
  std::vector<Value> values;
  for (const auto& [feed, id] : keys) values.insert(values.end(), {feed.shard(), feed.user, feed.app, id});
  statement.write(tx, values);
  if (!keys.empty()) cursor = {cursor.week, keys.back().feed, keys.back().id};
  return keys.size();
}

}  // namespace

void prepare(Connection& tx, Time now) {
  if (tx.dialect() != Dialect::postgresql) return;
  const auto there = weeks(tx);
  const auto first = week_of(now);
  for (auto week = first; week <= first + kAhead; ++week) {
    if (std::ranges::binary_search(there, week) || begun_elsewhere(tx, week)) continue;
    be_brief(tx);
    tx.script(fmt::format("CREATE TABLE IF NOT EXISTS {}{} PARTITION OF notifications FOR VALUES FROM ({}) TO ({})",
                          kName, week, to_ms(begin_of(week)), to_ms(begin_of(week + 1))));
  }
}

std::size_t retire(Connection& tx, Cursor& cursor, Time now, std::size_t limit) {
  if (tx.dialect() != Dialect::postgresql) return 0;
  const auto there = weeks(tx);
  if (there.empty() || begin_of(there.front() + 1) > now) return 0;
  if (cursor.week != there.front()) cursor = {.week = there.front()};
  const auto forgotten = forget_reports(tx, cursor, limit);
  if (forgotten == limit) return forgotten;
  be_brief(tx);
  tx.script(fmt::format("DROP TABLE IF EXISTS {}{}", kName, cursor.week));
  return forgotten;
}

}  // namespace hg::store::partitions
