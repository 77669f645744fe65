// Subscriptions and the claims on their channels. Channels are sealed by the caller: in a row `subscription.channel`
// has its kind and application_server_key only.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/subscription.h"
#include "store/sql.h"

namespace hg::store {

inline constexpr Duration kEndedKept = std::chrono::days(90);

struct SubscriptionRow {
  model::Subscription subscription;
  std::string sealed_channel;  // "" for live
  std::string channel_hash;    // of the claim; "" for live
  Time seen_at{};              // when seen_version was written
};

// One of a feed's active subscriptions.
struct Endpoint {
  SubscriptionId id;
  bool push = false;  // it has a channel
};

// Who holds a channel.
struct Claim {
  FeedKey owner;
  SubscriptionId subscription;
  std::int64_t generation = 0;
};

namespace subscriptions {

std::optional<SubscriptionRow> find(Connection& tx, const FeedKey& feed, const SubscriptionId& id);
// The one of this device, the youngest where several are kept.
std::optional<SubscriptionRow> of_device(Connection& tx, const FeedKey& feed, const std::string& device_id);
// Active at `now`, oldest first.
std::vector<SubscriptionRow> active(Connection& tx, const FeedKey& feed, Time now);
// Of a user in every cross-device app, ended ones too.
std::vector<SubscriptionRow> of_user(Connection& tx, const UserId& user);
std::vector<Endpoint> endpoints(Connection& tx, const FeedKey& feed, Time now);

void insert(Connection& tx, const SubscriptionRow& row);
// All of it, as its feed was locked before it was read.
void update(Connection& tx, const SubscriptionRow& row);
// False where it has ended.
bool prolong(Connection& tx, const FeedKey& feed, const SubscriptionId& id, Time expires_at);
// That it knows the feed up to `version`; false where it knew.
bool see(Connection& tx, const FeedKey& feed, const SubscriptionId& id, std::int64_t version, Time now);
// The app's webhooks come to be told of it. `ended_at`: where that was before `now`. False where it had ended already,
// or is unknown.
bool end(Connection& tx, const FeedKey& feed, const SubscriptionId& id, model::EndReason reason, Time now,
         std::optional<Time> ended_at = {});

// What is known of its channel by now, while it is the one that `channel_hash` names.
void put_channel(Connection& tx, const FeedKey& feed, const SubscriptionId& id, const std::string& channel_hash,
                 const std::string& sealed);

// When each endpoint of the feed was told silently of late, ascending; those that never were are left out.
std::map<SubscriptionId, std::vector<Time>> nudged(Connection& tx, const FeedKey& feed);
void put_nudged(Connection& tx, const FeedKey& feed, const SubscriptionId& id, std::span<const Time> times);

// Past their end but not ended; and those that ended before. For the janitor.
std::vector<SubscriptionRow> overdue(Connection& tx, Time now, std::size_t limit);
std::vector<SubscriptionRow> ended(Connection& tx, Time ended_before, std::size_t limit);
// Those of these cross-device apps that ended at `since` or later, in that order.
std::vector<SubscriptionRow> ended_since(Connection& tx, std::span<const AppId> apps, Time since, std::size_t limit);
void erase(Connection& tx, const FeedKey& feed, const SubscriptionId& id);

}  // namespace subscriptions

// `hash`: 32 bytes, HMAC of app, platform and channel. A shard of its own: the top 14 bits of the hash.
namespace channels {

std::optional<Claim> find(Connection& tx, const std::string& hash);
// Whether the claim names this subscription; a read that locks nothing.
bool names(Connection& tx, const std::string& hash, const SubscriptionId& subscription);
// Takes it over, whoever holds it, with the next generation; answers the former holder.
std::optional<Claim> claim(Connection& tx, const std::string& hash, const FeedKey& owner,
                           const SubscriptionId& subscription);
// Only while this subscription holds it.
void release(Connection& tx, const std::string& hash, const SubscriptionId& subscription);

}  // namespace channels
}  // namespace hg::store
