#include "store/subscriptions.h"

#include <algorithm>

#include "base/json.h"
#include "store/webhooks.h"

namespace hg::store {
namespace {

#define HG_COLUMNS                                                                                                \
  "user_id, app_id, id, device_id, platform, counts_as, channel, channel_hash, application, application_id, "     \
  "app_package, "                                                                                                 \
  "filters, notification_type, locale, device_name, created_at, renewed_at, expires_at, life_ms, since_version, " \
  "seen_version, seen_at, sync_days, vapid_key, ended_at, ended_reason"

SubscriptionRow read(const Row& row) {
  SubscriptionRow found;
  auto& s = found.subscription;
  s.feed = {row.id<UserId>(0), row.id<AppId>(1)};
  s.id = row.id<SubscriptionId>(2);
  s.device_id = row.text(3);
  s.channel.kind = row.value<model::ChannelKind>(4);
  s.counts_as = row.value<model::Platform>(5);
  found.sealed_channel = row.maybe_text(6).value_or("");
  found.channel_hash = row.maybe_text(7).value_or("");
  s.application = row.id<ApplicationId>(8);
  s.application_id = row.text(9);
  s.app_package = row.text(10);
  s.filters = row.text(11);
  s.notification_type = row.value<model::NotificationType>(12);
  s.locale = row.text(13);
  s.device_name = row.text(14);
  s.created_at = row.time(15);
  s.renewed_at = row.time(16);
  s.expires_at = row.time(17);
  s.life = row.duration(18);
  s.since_version = row.integer(19);
  s.seen_version = row.integer(20);
  found.seen_at = row.time(21);
  if (const auto days = row.maybe_integer(22)) s.sync_days = static_cast<int>(*days);
  s.channel.application_server_key = row.text(23);
  s.ended_at = row.maybe_time(24);
  s.ended_reason = row.value<model::EndReason>(25);
  return found;
}

Value blob_or_null(const std::string& bytes) { return bytes.empty() ? Value() : blob(bytes); }

}  // namespace

namespace subscriptions {

std::optional<SubscriptionRow> find(Connection& tx, const FeedKey& feed, const SubscriptionId& id) {
  return tx.first("SELECT " HG_COLUMNS
                  " FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND id = $4",
                  {feed.shard(), feed.user, feed.app, id}, read);
}

std::optional<SubscriptionRow> of_device(Connection& tx, const FeedKey& feed, const std::string& device_id) {
  return tx.first("SELECT " HG_COLUMNS
                  " FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND device_id = $4",
                  {feed.shard(), feed.user, feed.app, device_id}, read);
}

std::vector<SubscriptionRow> active(Connection& tx, const FeedKey& feed, Time now) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND ended_at IS NULL "
                "AND expires_at > $4 ORDER BY created_at, id",
                {feed.shard(), feed.user, feed.app, now}, read);
}

std::vector<SubscriptionRow> of_user(Connection& tx, const UserId& user) {
  return tx.all("SELECT " HG_COLUMNS " FROM subscriptions WHERE shard = $1 AND user_id = $2 ORDER BY created_at, id",
                {shard_of(user.guid), user}, read);
}

std::vector<Endpoint> endpoints(Connection& tx, const FeedKey& feed, Time now) {
  return tx.all(
      "SELECT id, platform FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND ended_at IS NULL "
      "AND expires_at > $4",
      {feed.shard(), feed.user, feed.app, now}, [](const Row& row) {
        return Endpoint{row.id<SubscriptionId>(0), row.value<model::ChannelKind>(1) != model::ChannelKind::live};
      });
}

void insert(Connection& tx, const SubscriptionRow& row) {
  const auto& s = row.subscription;
  tx.exec("INSERT INTO subscriptions (shard, " HG_COLUMNS
          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, "
          "$22, $23, $24, $25, $26, $27)",
          {s.feed.shard(),
           s.feed.user,
           s.feed.app,
           s.id,
           s.device_id,
           s.channel.kind,
           s.counts_as,
           blob_or_null(row.sealed_channel),
           blob_or_null(row.channel_hash),
           s.application,
           s.application_id,
           s.app_package,
           s.filters,
           s.notification_type,
           s.locale,
           s.device_name,
           s.created_at,
           s.renewed_at,
           s.expires_at,
           s.life,
           s.since_version,
           s.seen_version,
           row.seen_at,
           s.sync_days,
           s.channel.application_server_key,
           s.ended_at,
           s.ended_reason});
}

bool prolong(Connection& tx, const FeedKey& feed, const SubscriptionId& id, Time expires_at) {
  return tx.exec(
             "UPDATE subscriptions SET expires_at = $1 WHERE shard = $2 AND user_id = $3 AND app_id = $4 AND id = $5 "
             "AND ended_at IS NULL",
             {expires_at, feed.shard(), feed.user, feed.app, id}) != 0;
}

bool see(Connection& tx, const FeedKey& feed, const SubscriptionId& id, std::int64_t version, Time now) {
  return tx.exec(
             "UPDATE subscriptions SET seen_version = $1, seen_at = $2 WHERE shard = $3 AND user_id = $4 "
             "AND app_id = $5 AND id = $6 AND seen_version < $1",
             {version, now, feed.shard(), feed.user, feed.app, id}) != 0;
}

void update(Connection& tx, const SubscriptionRow& row) {
  const auto& s = row.subscription;
  tx.exec(
      "UPDATE subscriptions SET platform = $1, counts_as = $2, channel = $3, channel_hash = $4, application = $5, "
      "application_id = $6, app_package = $7, filters = $8, notification_type = $9, locale = $10, device_name = $11, "
      "renewed_at = $12, expires_at = $13, life_ms = $14, since_version = $15, seen_version = $16, seen_at = $17, "
      "sync_days = $18, vapid_key = $19, ended_at = $20, ended_reason = $21 "
      "WHERE shard = $22 AND user_id = $23 AND app_id = $24 AND id = $25",
      {s.channel.kind,
       s.counts_as,
       blob_or_null(row.sealed_channel),
       blob_or_null(row.channel_hash),
       s.application,
       s.application_id,
       s.app_package,
       s.filters,
       s.notification_type,
       s.locale,
       s.device_name,
       s.renewed_at,
       s.expires_at,
       s.life,
       s.since_version,
       s.seen_version,
       row.seen_at,
       s.sync_days,
       s.channel.application_server_key,
       s.ended_at,
       s.ended_reason,
       s.feed.shard(),
       s.feed.user,
       s.feed.app,
       s.id});
}

bool end(Connection& tx, const FeedKey& feed, const SubscriptionId& id, model::EndReason reason, Time now,
         std::optional<Time> ended_at) {
  const Time at = ended_at.value_or(now);
  const auto ended = tx.exec(
      "UPDATE subscriptions SET ended_at = $1, ended_reason = $2 WHERE shard = $3 AND user_id = $4 "
      "AND app_id = $5 AND id = $6 AND ended_at IS NULL",
      {at, reason, feed.shard(), feed.user, feed.app, id});
  if (ended == 0) return false;
  webhooks::owe(tx, {.feed = feed, .subscription = id, .reason = reason, .ended_at = at, .made_at = now});
  return true;
}

void put_channel(Connection& tx, const FeedKey& feed, const SubscriptionId& id, const std::string& channel_hash,
                 const std::string& sealed) {
  tx.exec(
      "UPDATE subscriptions SET channel = $1 WHERE shard = $2 AND user_id = $3 AND app_id = $4 AND id = $5 "
      "AND channel_hash = $6",
      {blob(sealed), feed.shard(), feed.user, feed.app, id, blob(channel_hash)});
}

std::map<SubscriptionId, std::vector<Time>> nudged(Connection& tx, const FeedKey& feed) {
  std::map<SubscriptionId, std::vector<Time>> found;
  tx.exec("SELECT id, nudged FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND nudged <> ''",
          {feed.shard(), feed.user, feed.app}, [&](const Row& row) {
            auto& times = found[row.id<SubscriptionId>(0)];
            const json::value list = json::parse(row.view(1));
            for (const json::value& ms : list.as_array()) times.push_back(from_ms(ms.to_number<std::int64_t>()));
          });
  return found;
}

void put_nudged(Connection& tx, const FeedKey& feed, const SubscriptionId& id, std::span<const Time> times) {
  std::string text;
  JsonWriter out(text);
  out.array();
  for (const Time time : times) out.value(to_ms(time));
  out.end();
  tx.exec("UPDATE subscriptions SET nudged = $1 WHERE shard = $2 AND user_id = $3 AND app_id = $4 AND id = $5",
          {text, feed.shard(), feed.user, feed.app, id});
}

std::vector<SubscriptionRow> overdue(Connection& tx, Time now, std::size_t limit) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM subscriptions WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
                {now, limit}, read);
}

std::vector<SubscriptionRow> ended(Connection& tx, Time ended_before, std::size_t limit) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM subscriptions WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2",
                {ended_before, limit}, read);
}

std::vector<SubscriptionRow> ended_since(Connection& tx, std::span<const AppId> apps, Time since, std::size_t limit) {
  std::vector<SubscriptionRow> all;
  for (const AppId& app : apps)
    std::ranges::move(
        tx.all("SELECT " HG_COLUMNS " FROM subscriptions WHERE ended_at IS NOT NULL AND ended_at >= $1 AND app_id = $2 "
               "ORDER BY ended_at, id LIMIT $3",
               {since, app, limit}, read),
        std::back_inserter(all));
  std::ranges::sort(
      all, {}, [](const SubscriptionRow& row) { return std::pair(row.subscription.ended_at, row.subscription.id); });
  if (all.size() > limit) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
  return all;
}

void erase(Connection& tx, const FeedKey& feed, const SubscriptionId& id) {
  tx.exec("DELETE FROM subscriptions WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND id = $4",
          {feed.shard(), feed.user, feed.app, id});
}

#undef HG_COLUMNS

}  // namespace subscriptions

namespace channels {
namespace {

std::int64_t shard(const std::string& hash) { return shard_of(Guid::from_bytes(as_bytes(hash).first(16)).value()); }

}  // namespace

std::optional<Claim> find(Connection& tx, const std::string& hash) {
  return tx.first(
      "SELECT user_id, app_id, subscription_id, generation FROM channels WHERE shard = $1 AND hash = $2 FOR UPDATE",
      {shard(hash), blob(hash)}, [](const Row& row) {
        return Claim{{row.id<UserId>(0), row.id<AppId>(1)}, row.id<SubscriptionId>(2), row.integer(3)};
      });
}

bool names(Connection& tx, const std::string& hash, const SubscriptionId& subscription) {
  return tx
      .first("SELECT generation FROM channels WHERE shard = $1 AND hash = $2 AND subscription_id = $3",
             {shard(hash), blob(hash), subscription}, [](const Row& row) { return row.integer(0); })
      .has_value();
}

std::optional<Claim> claim(Connection& tx, const std::string& hash, const FeedKey& owner,
                           const SubscriptionId& subscription) {
  auto former = find(tx, hash);
  if (former && former->owner == owner && former->subscription == subscription) return std::nullopt;
  tx.exec(
      "INSERT INTO channels (shard, hash, owner_shard, user_id, app_id, subscription_id, generation) "
      "VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (shard, hash) DO UPDATE SET owner_shard = excluded.owner_shard, "
      "user_id = excluded.user_id, app_id = excluded.app_id, subscription_id = excluded.subscription_id, "
      "generation = channels.generation + 1",
      {shard(hash), blob(hash), owner.shard(), owner.user, owner.app, subscription});
  return former;
}

void release(Connection& tx, const std::string& hash, const SubscriptionId& subscription) {
  tx.exec("DELETE FROM channels WHERE shard = $1 AND hash = $2 AND subscription_id = $3",
          {shard(hash), blob(hash), subscription});
}

}  // namespace channels
}  // namespace hg::store
