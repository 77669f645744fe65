// Where app servers are told of ended subscriptions, and what they are still to be told. Secrets are sealed by the
// caller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/subscription.h"
#include "store/sql.h"

namespace hg::store {

struct Webhook {
  Guid id = {};
  AppId app = {};
  std::string url = {};
  std::string sealed = {};  // bytes
  Time created_at{};
  std::optional<Time> failing_since = {};  // calls fail since then
  std::string failure = {};                // why the last one did
  std::int64_t waiting = 0;                // ended subscriptions that it was not told of yet
};

// A subscription that has ended, and when that was written down.
struct End {
  FeedKey feed;
  SubscriptionId subscription;
  model::EndReason reason = model::EndReason::none;
  Time ended_at{}, made_at{};
};

// What a webhook is told in one call: the same ends each time it is tried. Leased to who claimed it.
struct WebhookCall {
  Webhook webhook;
  Guid id = {};
  std::vector<End> ends = {};
  std::int64_t attempts = 0;  // of the webhook, in vain since it last took one
  Time leased_until{};
};

namespace webhooks {

inline constexpr std::size_t kMost = 5;      // of one app
inline constexpr std::size_t kAtOnce = 100;  // ends in one call

// Code::conflict where there are kMost already.
Result<void> insert(Connection& tx, const Webhook& webhook);
std::vector<Webhook> of_app(Connection& tx, AppId app);  // oldest first
std::optional<Webhook> find(Connection& tx, AppId app, Guid id);
// With what it was still to be told. False where there is none.
bool remove(Connection& tx, AppId app, Guid id);
void remove_all(Connection& tx, AppId app);

// Each webhook of the app is to be told: in the transaction that ends the subscription.
void owe(Connection& tx, const End& end);
// When the next call is due, leased ones too; nullopt: nobody is to be told anything.
std::optional<Time> next_due(Connection& tx);
// At most `limit` calls that are due at `now`, one a webhook, the longest due first; `call_id` names new ones.
std::vector<WebhookCall> claim(Connection& tx, Time now, Duration lease, std::size_t limit);
// For a process that has the store for itself, when it starts: nobody holds a lease.
void release_all(Connection& tx);

// These change nothing, and are false, where the lease was lost.
// It was taken: what was told is no longer owed.
bool taken(Connection& tx, const WebhookCall& call, Time now);
// It was not: to be tried again at `due_at`.
bool failed(Connection& tx, const WebhookCall& call, Time due_at, std::string_view why, Time now);
// It was not, too often: what it was to tell is owed no longer; the next call is due at `due_at`.
bool given_up(Connection& tx, const WebhookCall& call, Time due_at, std::string_view why, Time now);

// Ends that were not told yet, of all webhooks.
std::int64_t waiting(Connection& tx);

}  // namespace webhooks
}  // namespace hg::store
