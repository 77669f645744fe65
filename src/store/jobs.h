// What is still owed: rows with a due time and a guard that is checked when they are taken.
#pragma once

#include <optional>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "model/job.h"
#include "store/sql.h"

namespace hg::store {

using model::Job;
using model::JobKind;
using model::Waits;

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
// Nullopt where another worker holds it, or it is being changed this moment: nobody waits here, so leases are taken in
// any order.
std::optional<Lease> lease(Connection& tx, const FeedKey& feed, Time now, Duration length);
// True while the lease is still this one: the first statement of whatever settles under it.
bool holds(Connection& tx, const Lease& lease);
// The attempt that has the feed at `now`; nullopt: none.
std::optional<std::int64_t> leased(Connection& tx, const FeedKey& feed, Time now);
// Whether a push to the endpoint was on its way when its feed was given back, and nobody knows yet what came of it.
bool under_way(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription, Time now);
void release(Connection& tx, const Lease& lease);
// For a process that has the store for itself, when it starts: nobody holds a lease, and nothing is on its way.
void release_all(Connection& tx);
// The feed's due jobs, lowest version first.
std::vector<Job> due(Connection& tx, const FeedKey& feed, Time now, std::size_t limit);
std::optional<Job> find(Connection& tx, const Job& key);
// False where there was none.
bool erase(Connection& tx, const Job& key);

// What endpoints of a feed wait for.
struct Held {
  SubscriptionId subscription;
  Time until{};
};
// Endpoints with an alert that is not due yet at `now`, and until when.
std::vector<Held> held(Connection& tx, const FeedKey& feed, Time now);
// The nudges that wait, due or not.
std::vector<Job> nudges(Connection& tx, const FeedKey& feed);
// All alerts that are owed to the endpoint become due at `due_at`, so that they go in their order.
void hold(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription, Time due_at);
// Nothing is owed to the endpoint any more; the alerts that were.
std::vector<Job> erase_alerts(Connection& tx, const FeedKey& feed, const SubscriptionId& subscription);
// Feeds of an app where something waits for credentials, and is not due before `until` for it; in key order.
std::vector<FeedKey> awaiting_credentials(Connection& tx, const AppId& app, Time until, std::size_t limit);
// Whatever of the feed waits for credentials is due at `now`, and what is behind it, in their order.
void wake(Connection& tx, const FeedKey& feed, Time now);
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
