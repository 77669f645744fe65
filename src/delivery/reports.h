// The delivery reports that one transaction changes: read once, written once, every change of an outcome counted.
#pragma once

#include <map>
#include <string>

#include "delivery/tally.h"
#include "store/outcomes.h"

namespace hg::delivery {

class Reports {
 public:
  // `counted_since`: what was last changed before then no tally knows of, and is counted as owed when it changes now.
  Reports(store::Connection& tx, const FeedKey& feed, Time now, Time counted_since, Tally::Changes& changes)
      : tx_(tx), feed_(feed), now_(now), counted_since_(counted_since), changes_(changes) {}

  // The line of a delivery, made where there is none, as owed since then. nullptr: the notification has asked for
  // attention again since, and this one's line was closed then.
  model::Delivery* line(const NotificationId& id, std::int64_t version, const SubscriptionId& subscription,
                        model::ChannelKind carrier, std::string_view device_name, Time owed_at);
  // The line that is there, of whatever version the report is.
  model::Delivery* find(const NotificationId& id, const SubscriptionId& subscription);
  void move(model::Delivery& line, model::Outcome outcome, std::string_view reason);
  // The lines were changed in another way.
  void touch(const NotificationId& id) { open(id).dirty = true; }
  void write();

 private:
  struct Open {
    model::Report report;
    bool dirty = false;
  };
  Open& open(const NotificationId& id);

  store::Connection& tx_;
  const FeedKey feed_;
  const Time now_, counted_since_;
  Tally::Changes& changes_;
  std::map<NotificationId, Open> open_;
};

}  // namespace hg::delivery
