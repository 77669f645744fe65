// The tables of a feed: its row, its notifications and tombstones. Reads filter by `now`: expiry is a fact
// of time. Changes go through feed/writer alone, which locks the feed's row first.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/change.h"
#include "model/notification.h"
#include "store/sql.h"

namespace hg::store {

struct Feed {
  std::int64_t version = 0;
  std::int64_t floor_version = 0;                // tombstones up to it are gone
  std::int64_t last_alert_version = 0;           // its last change that asked for attention
  std::int64_t unread = 0, live = 0, bytes = 0;  // of what is neither deleted nor expired, while next_expiry lies ahead
  std::int64_t tombstones = 0;                   // at the most: on PostgreSQL some may have gone with their partition
  Time next_expiry{};                            // nothing live expires before; the counts hold until then
  std::int64_t previous_alert_version = 0;       // the alert before the last
};

namespace feeds {

// The feed's row, made where there is none, locked until the transaction ends.
Feed lock(Connection& tx, const FeedKey& feed);
void save(Connection& tx, const FeedKey& feed, const Feed& row);
// Nullopt: nothing ever happened there.
std::optional<Feed> find(Connection& tx, const FeedKey& feed);
// The row with its counts as they are at `now`.
Feed at(Connection& tx, const FeedKey& feed, Time now);
// Counts what is live at `now` anew.
void recount(Connection& tx, const FeedKey& feed, Feed& row, Time now);

// Whatever is stored under the id, expired and deleted ones too.
std::optional<model::Notification> notification(Connection& tx, const FeedKey& feed, const NotificationId& id);
// The caller knows which, for it read the row under the feed's lock.
void insert(Connection& tx, const FeedKey& feed, const model::Notification& row);
void update(Connection& tx, const FeedKey& feed, const model::Notification& row);
// How far a tombstone reaches back and how many there are is the caller's to keep.
void erase(Connection& tx, const FeedKey& feed, const NotificationId& id);

// Everything live but its payload and policies, in no order; one read of the feed.
void heads(Connection& tx, const FeedKey& feed, Time now, const std::function<void(const model::Notification&)>& each);
// What the cap decides by.
std::vector<model::CapEntry> cap_entries(Connection& tx, const FeedKey& feed, Time now);
// How many there are.
std::int64_t tombstones(Connection& tx, const FeedKey& feed);
// The oldest changes first.
struct Tombstone {
  NotificationId id;
  std::int64_t version = 0;
};
std::vector<Tombstone> oldest_tombstones(Connection& tx, const FeedKey& feed, std::size_t limit);

// Changes above (version, id), ascending; tombstones among them only above `tombstones_above`. What has expired earlier
// than clients were told once is a tombstone too.
std::vector<model::Notification> since(Connection& tx, const FeedKey& feed, std::int64_t version,
                                       const NotificationId& id, std::int64_t tombstones_above, Time now,
                                       std::size_t limit);
// The newest changes above a version first, tombstones too.
std::vector<model::Notification> newest(Connection& tx, const FeedKey& feed, std::int64_t above, Time now,
                                        std::size_t limit);

// Those that asked for attention at a version from `first` to `last`, as they are now, tombstones and expired ones too.
std::vector<model::Notification> alerted(Connection& tx, const FeedKey& feed, std::int64_t first, std::int64_t last);

// The one that asked for attention last among those that still do (unread, untouched, not expired) on one of these
// platforms; without payload and policies.
std::optional<model::Notification> newest_asking(Connection& tx, const FeedKey& feed, model::PlatformMask platforms,
                                                 Time now);

// Feeds with rows whose time is over at `now`, for the janitor; at most `limit` rows. On PostgreSQL only those that go
// with no partition.
struct Spent {
  FeedKey feed;
  NotificationId id;
};
std::vector<Spent> spent(Connection& tx, Time now, std::size_t limit);

}  // namespace feeds
}  // namespace hg::store
