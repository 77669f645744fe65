// What a worker sees of a feed that it has leased: one consistent read of what is owed, and the plan that follows.
#pragma once

#include <map>
#include <vector>

#include "model/plan.h"
#include "store/feeds.h"
#include "store/jobs.h"
#include "store/outbox.h"
#include "store/subscriptions.h"

namespace hg::delivery {

struct Bounds {
  std::size_t rows = 8;            // of the outbox at once: what was sent and not settled is sent again after a crash
  std::size_t jobs = 8;            // due ones, likewise
  std::size_t changes = 32;        // in a signal
  std::size_t silent_an_hour = 2;  // where a platform has a budget
};

// What a signal that begins somewhere brings.
struct Changes {
  std::vector<model::Notification> notifications;  // by version; tombstones too
  bool cut = false;                                // there are more than a signal could carry
};

// A message that a push service may still have, of a notification that is over.
struct Withdrawal {
  NotificationId notification;
  std::int64_t version = 0;  // of the alert
  SubscriptionId endpoint;
  std::string location;
};

struct Sight {
  FeedKey feed;
  Time now{};
  store::Feed row;
  std::int64_t directory_version = 0;
  std::vector<store::OutboxRow> rows;
  std::vector<store::Job> changes_again;  // of those rows whose planning faulted before
  std::vector<store::Job> returns;        // snoozes that end now
  std::vector<model::Notification> notifications;
  std::vector<store::SubscriptionRow> endpoints;  // active, and still the owners of their channels
  std::map<SubscriptionId, std::vector<Time>> nudged;
  bool asks_who_fetched = false;  // a fallback or an escalation is due
  model::Plan plan;
  std::vector<Withdrawal> withdrawals;
  std::map<std::int64_t, Changes> since;  // by the version that a send begins at
  // For silent sends, by the platforms of their endpoints: the newest that still asks for attention there.
  std::map<model::PlatformMask, model::Notification> asking;

  [[nodiscard]] const model::Notification* notification(const NotificationId& id) const;
  [[nodiscard]] const store::SubscriptionRow* endpoint(const SubscriptionId& id) const;
};

// `live`: the user is connected live.
Sight look(store::Connection& tx, const FeedKey& feed, Time now, bool live, const Bounds& bounds);

// Whether an alert that was planned a while ago may still go: the notification stands, the channel is still its own.
std::optional<model::Moot> moot_by_now(store::Connection& tx, const FeedKey& feed, const model::Send& send, Time now);
bool still_owner(store::Connection& tx, const store::SubscriptionRow& endpoint, Time now);

}  // namespace hg::delivery
