#include "store/jobs.h"

#include <algorithm>

namespace hg::store::jobs {

#define HG_COLUMNS "subscription_id, notification_id, version, kind, due_at, guard, attempts, faults, made_at, waits"

namespace {

auto read(const FeedKey& feed) {
  return [feed](const Row& row) {
    return Job{.feed = feed,
               .subscription = row.id<SubscriptionId>(0),
               .notification = row.id<NotificationId>(1),
               .version = row.integer(2),
               .kind = row.value<JobKind>(3),
               .due_at = row.time(4),
               .guard = row.integer(5),
               .attempts = row.integer(6),
               .faults = row.integer(7),
               .made_at = row.time(8),
               .waits = row.value<Waits>(9)};
  };
}

}  // namespace

void put(Connection& tx, const Job& job) {
  tx.later("INSERT INTO jobs (shard, user_id, app_id, " HG_COLUMNS
           ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (shard, user_id, app_id, "
           "subscription_id, notification_id, version, kind) DO UPDATE SET due_at = excluded.due_at, guard = "
           "excluded.guard, attempts = excluded.attempts, faults = excluded.faults, made_at = excluded.made_at, "
           "waits = excluded.waits",
           {job.feed.shard(), job.feed.user, job.feed.app, job.subscription, job.notification, job.version, job.kind,
            job.due_at, job.guard, job.attempts, job.faults, job.made_at, job.waits});
}

std::vector<FeedKey> due_feeds(Connection& tx, Time now, std::size_t limit) {
  return tx.all(
      "SELECT j.user_id, j.app_id, MIN(j.due_at) FROM jobs j JOIN feeds f ON f.shard = j.shard "
      "AND f.user_id = j.user_id AND f.app_id = j.app_id WHERE j.due_at <= $1 AND f.push_lease_until <= $1 "
      "GROUP BY j.user_id, j.app_id ORDER BY 3 LIMIT $2",
      {now, limit}, [](const Row& row) { return FeedKey{row.id<UserId>(0), row.id<AppId>(1)}; });
}

std::optional<Lease> lease(Connection& tx, const FeedKey& feed, Time now, Duration length) {
  const auto attempt = tx.first(
      "SELECT push_attempt FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND push_lease_until <= $4 "
      "FOR UPDATE SKIP LOCKED",
      {feed.shard(), feed.user, feed.app, now}, [](const Row& row) { return row.integer(0); });
  if (!attempt) return std::nullopt;
  const Lease lease{.feed = feed, .attempt = *attempt + 1, .until = now + length};
  tx.exec("UPDATE feeds SET push_lease_until = $1, push_attempt = $2 WHERE shard = $3 AND user_id = $4 AND app_id = $5",
          {lease.until, lease.attempt, feed.shard(), feed.user, feed.app});
  return lease;
}

bool holds(Connection& tx, const Lease& lease) {
  return tx
      .first(
          "SELECT push_attempt FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND push_attempt = $4 "
          "FOR UPDATE",
          {lease.feed.shard(), lease.feed.user, lease.feed.app, lease.attempt},
          [](const Row& row) { return row.integer(0); })
      .has_value();
}

std::optional<std::int64_t> leased(Connection& tx, const FeedKey& feed, Time now) {
  return tx.first(
      "SELECT push_attempt FROM feeds WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND push_lease_until > $4",
      {feed.shard(), feed.user, feed.app, now}, [](const Row& row) { return row.integer(0); });
}

void release(Connection& tx, const Lease& lease) {
  tx.exec(
      "UPDATE feeds SET push_lease_until = 0 WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND push_attempt = $4",
      {lease.feed.shard(), lease.feed.user, lease.feed.app, lease.attempt});
}

void release_all(Connection& tx) {
  tx.exec("UPDATE feeds SET push_lease_until = 0 WHERE push_lease_until > 0");
  tx.exec("UPDATE jobs SET waits = $1 WHERE waits = $2", {Waits::nothing, Waits::answer});
}

bool under_way(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription, Time now) {
  return tx
      .first(
          "SELECT kind FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 AND waits "
          "= $5 AND due_at > $6 LIMIT 1",
          {feed.shard(), feed.user, feed.app, subscription, Waits::answer, now},
          [](const Row& row) { return row.integer(0); })
      .has_value();
}

static_assert(static_cast<int>(Waits::credentials) == 2);  // as the index and the statements have it

std::vector<FeedKey> awaiting_credentials(Connection& tx, const AppId& app, Time until, std::size_t limit) {
  auto feeds = tx.all("SELECT DISTINCT user_id FROM jobs WHERE app_id = $1 AND waits = 2 AND due_at <= $2 LIMIT $3",
                      {app, until, limit}, [&](const Row& row) { return FeedKey{row.id<UserId>(0), app}; });
  std::ranges::sort(feeds);
  return feeds;
}

void wake(Connection& tx, const FeedKey& feed, Time now) {
  const auto endpoints = tx.all(
      "SELECT DISTINCT subscription_id FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND waits = 2 AND "
      "kind = $4",
      {feed.shard(), feed.user, feed.app, JobKind::alert}, [](const Row& row) { return row.id<SubscriptionId>(0); });
  for (const auto& endpoint : endpoints) hold(tx, feed, endpoint, now);
  tx.exec("UPDATE jobs SET due_at = $1, waits = $2 WHERE shard = $3 AND user_id = $4 AND app_id = $5 AND waits = 2",
          {now, Waits::nothing, feed.shard(), feed.user, feed.app});
}

std::vector<Job> due(Connection& tx, const FeedKey& feed, Time now, std::size_t limit) {
  return tx.all("SELECT " HG_COLUMNS
                " FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND due_at <= $4 "
                "ORDER BY version, notification_id LIMIT $5",
                {feed.shard(), feed.user, feed.app, now, limit}, read(feed));
}

std::optional<Job> find(Connection& tx, const Job& key) {
  return tx.first(
      "SELECT " HG_COLUMNS
      " FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 "
      "AND notification_id = $5 AND version = $6 AND kind = $7",
      {key.feed.shard(), key.feed.user, key.feed.app, key.subscription, key.notification, key.version, key.kind},
      read(key.feed));
}

bool erase(Connection& tx, const Job& key) {
  return tx.exec(
             "DELETE FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 "
             "AND notification_id = $5 AND version = $6 AND kind = $7",
             {key.feed.shard(), key.feed.user, key.feed.app, key.subscription, key.notification, key.version,
              key.kind}) > 0;
}

std::vector<Held> held(Connection& tx, const FeedKey& feed, Time now) {
  return tx.all(
      "SELECT subscription_id, MIN(due_at) FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND kind = $4 "
      "AND due_at > $5 GROUP BY subscription_id",
      {feed.shard(), feed.user, feed.app, JobKind::alert, now},
      [](const Row& row) { return Held{row.id<SubscriptionId>(0), row.time(1)}; });
}

std::vector<Job> nudges(Connection& tx, const FeedKey& feed) {
  return tx.all("SELECT " HG_COLUMNS " FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND kind = $4",
                {feed.shard(), feed.user, feed.app, JobKind::nudge}, read(feed));
}

void hold(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription, Time due_at) {
  tx.exec(
      "UPDATE jobs SET due_at = $1 WHERE shard = $2 AND user_id = $3 AND app_id = $4 AND subscription_id = $5 "
      "AND kind = $6",
      {due_at, feed.shard(), feed.user, feed.app, subscription, JobKind::alert});
}

std::vector<Job> erase_alerts(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription) {
  auto owed =
      tx.all("SELECT " HG_COLUMNS
             " FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 AND kind = $5",
             {feed.shard(), feed.user, feed.app, subscription, JobKind::alert}, read(feed));
  tx.exec(
      "DELETE FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 AND kind IN ($5, "
      "$6, $7, $8)",
      {feed.shard(), feed.user, feed.app, subscription, JobKind::alert, JobKind::nudge, JobKind::endpoint_fallback,
       JobKind::expiring});
  return owed;
}

Backlog backlog(Connection& tx, Time now) {
  return tx
      .first(
          "SELECT COUNT(*), MIN(due_at) FROM jobs WHERE due_at <= $1", {now},
          [&](const Row& row) { return Backlog{.jobs = row.integer(0), .age = now - row.maybe_time(1).value_or(now)}; })
      .value();
}

std::optional<Time> next_due(Connection& tx) {
  return tx.first("SELECT MIN(due_at) FROM jobs", {}, [](const Row& row) { return row.maybe_time(0); }).value();
}

#undef HG_COLUMNS

}  // namespace hg::store::jobs
