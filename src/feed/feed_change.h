// What becomes of one feed within a group of changes.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "feed/apply.h"
#include "model/change.h"
#include "store/feeds.h"
#include "store/groups.h"
#include "store/idempotency.h"
#include "store/subscriptions.h"

namespace hg::feed {

// The notification that a request is about; nullopt: several.
std::optional<NotificationId> concerned(const model::ChangeRequest& request);

// One feed's share of a group: is told what was read for the whole group, reads more as it goes, and keeps what will be
// written.
class FeedChange {
 public:
  // `now` holds for all of it: what is counted as live must not change under the counting.
  // `order`: what leaves it when it is full, as of its version, where that is known.
  FeedChange(store::Connection& tx, const FeedKey& feed, Time now, store::Feed row, std::optional<CapOrder> order);

  void know(const NotificationId& id, std::optional<model::Notification> stored);
  void know(std::vector<store::Endpoint> endpoints) { endpoints_ = std::move(endpoints); }
  Result<model::Changed> decide(const model::ChangeRequest& request);
  // What is to be written for it; jobs and idempotency keys at once. It stays where it is until that is done.
  void collect(Applied& applied, store::groups::Writes& writes);
  // Once that is written: what the feed has too much of goes, and its row may be saved.
  void finish(store::groups::Writes& writes);

 private:
  struct Entry {
    std::optional<model::Notification> before;  // as stored
    std::optional<model::Notification> now;     // as it will be
    bool dirty = false;
  };
  struct Pushable {
    std::int64_t version;
    model::ChangeKind kind;
    SubscriptionId maker;
  };
  struct Remembered {
    model::IdempotencyKey key;
    store::IdempotencyRow row;
  };

  Entry& entry(const NotificationId& id);
  std::optional<Result<model::Changed>> replay(const model::ChangeRequest& request);
  std::optional<model::Changed> repeated_post(const model::ChangeRequest& request, const model::PostRequest& post);
  Result<model::Changed> decide_one(const model::ChangeRequest& request, const NotificationId& id);
  Result<model::Changed> decide_all(const model::ChangeRequest& request, const model::MarkAllRequest& mark);
  void put(const model::ChangeRequest& request, model::Decision decision, std::int64_t version);
  void count(const std::optional<model::Notification>& notification, std::int64_t sign);
  [[nodiscard]] CapOrder read_order();
  void enforce_cap(const NotificationId& posted, std::int64_t version);
  void remember(const model::ChangeRequest& request, const model::Changed& changed);
  void owe(const model::Notification& after, const model::Decision& decision, const SubscriptionId& maker);
  const std::vector<store::Endpoint>& endpoints();
  std::int64_t endpoint_count() { return static_cast<std::int64_t>(endpoints().size()); }
  Result<void> check_through(const model::ChangeRequest& request);
  void thin_tombstones();

  store::Connection& tx_;
  const FeedKey feed_;
  const Time now_;
  store::Feed row_;
  const std::int64_t from_;
  std::unordered_map<NotificationId, Entry> entries_;
  std::optional<CapOrder> order_;  // else read when the feed first is over its cap
  std::vector<Pushable> pushables_;
  std::vector<Remembered> remembered_;
  std::optional<std::vector<store::Endpoint>> endpoints_;
};

}  // namespace hg::feed
