// What is still owed: rows with a due time and a guard that is checked when they are taken.
#pragma once

#include <optional>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

// Stored as numbers: never renumber.
enum class JobKind : std::uint8_t { snooze_return = 1 };

struct Job {
  FeedKey feed;
  SubscriptionId subscription = {};  // zero: none
  NotificationId notification;
  std::int64_t version = 0;  // of the feed, when it was made
  JobKind kind = JobKind::snooze_return;
  Time due_at{};
  std::int64_t guard = 0;  // the notification's version that it is about
  std::int64_t attempts = 0;
};

// A feed leased to one worker: nothing of it is settled with another attempt's number.
struct Lease {
  FeedKey feed;
  std::int64_t attempt = 0;
  Time until{};
};

namespace jobs {

// One of the same key is replaced.
void put(Connection& tx, const Job& job);
// Feeds that have a job due at `now` and no running lease, the longest due first.
std::vector<FeedKey> due_feeds(Connection& tx, Time now, std::size_t limit);
// Nullopt where another worker holds it.
std::optional<Lease> lease(Connection& tx, const FeedKey& feed, Time now, Duration length);
// True while the lease is still this one: the first statement of whatever settles under it.
bool holds(Connection& tx, const Lease& lease);
void release(Connection& tx, const Lease& lease);
// The feed's due jobs, lowest version first.
std::vector<Job> due(Connection& tx, const FeedKey& feed, Time now, std::size_t limit);
void erase(Connection& tx, const Job& job);
// Tried in vain: due again at `due_at`.
void postpone(Connection& tx, const Job& job, Time due_at);
// What is due at `now` and not done.
struct Backlog {
  std::int64_t jobs = 0;
  Duration age{};  // since the oldest was due
};
Backlog backlog(Connection& tx, Time now);
// When the next job is due, leased feeds' too; nullopt: none.
std::optional<Time> next_due(Connection& tx);

}  // namespace jobs
}  // namespace hg::store
