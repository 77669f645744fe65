#include "store/jobs.h"

namespace hg::store::jobs {

void put(Connection& tx, const Job& job) {
  tx.exec(
      "INSERT INTO jobs (shard, user_id, app_id, subscription_id, notification_id, version, kind, due_at, guard, "
      "attempts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (shard, user_id, app_id, "
      "subscription_id, notification_id, version, kind) DO UPDATE SET due_at = excluded.due_at, guard = "
      "excluded.guard, attempts = excluded.attempts",
      {job.feed.shard(), job.feed.user, job.feed.app, job.subscription, job.notification, job.version, job.kind,
       job.due_at, job.guard, job.attempts});
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
      "FOR UPDATE",
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

void release(Connection& tx, const Lease& lease) {
  tx.exec(
      "UPDATE feeds SET push_lease_until = 0 WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND push_attempt = $4",
      {lease.feed.shard(), lease.feed.user, lease.feed.app, lease.attempt});
}

std::vector<Job> due(Connection& tx, const FeedKey& feed, Time now, std::size_t limit) {
  return tx.all(
      "SELECT subscription_id, notification_id, version, kind, due_at, guard, attempts FROM jobs WHERE shard = $1 "
      "AND user_id = $2 AND app_id = $3 AND due_at <= $4 ORDER BY version, notification_id LIMIT $5",
      {feed.shard(), feed.user, feed.app, now, limit}, [&](const Row& row) {
        return Job{.feed = feed,
                   .subscription = row.id<SubscriptionId>(0),
                   .notification = row.id<NotificationId>(1),
                   .version = row.integer(2),
                   .kind = row.value<JobKind>(3),
                   .due_at = row.time(4),
                   .guard = row.integer(5),
                   .attempts = row.integer(6)};
      });
}

void erase(Connection& tx, const Job& job) {
  tx.exec(
      "DELETE FROM jobs WHERE shard = $1 AND user_id = $2 AND app_id = $3 AND subscription_id = $4 "
      "AND notification_id = $5 AND version = $6 AND kind = $7",
      {job.feed.shard(), job.feed.user, job.feed.app, job.subscription, job.notification, job.version, job.kind});
}

void postpone(Connection& tx, const Job& job, Time due_at) {
  tx.exec(
      "UPDATE jobs SET due_at = $1, attempts = attempts + 1 WHERE shard = $2 AND user_id = $3 AND app_id = $4 "
      "AND subscription_id = $5 AND notification_id = $6 AND version = $7 AND kind = $8",
      {due_at, job.feed.shard(), job.feed.user, job.feed.app, job.subscription, job.notification, job.version,
       job.kind});
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

}  // namespace hg::store::jobs
