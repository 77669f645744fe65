// The columns of a feed's rows, and how they are read and written. For the files of store that run statements over
// them.
#pragma once

#include <limits>
#include <vector>

#include "store/feeds.h"

namespace hg::store {

#define HG_FEED_COLUMNS                                                                                 \
  "version, floor_version, last_alert_version, unread, live_count, bytes, tombstones, next_expiry_at, " \
  "previous_alert_version"
inline constexpr std::size_t kFeedColumns = 9;

// The heads, then the contents.
#define HG_HEAD_COLUMNS                                                                                          \
  "id, version, app_notification_id, group_name, platform_mask, display_ttl, expires_at, keep_until, priority, " \
  "status, "                                                                                                     \
  "read_state, action_state, snooze_until, content_version, created_at, modified_at, handled_platform, "         \
  "handled_device, "                                                                                             \
  "handled_at, posted_by, request_id, fingerprint, alert_version, alerted_at, maker, made_after"
#define HG_NOTIFICATION_COLUMNS HG_HEAD_COLUMNS ", raw_content, title, body, policies"
inline constexpr std::size_t kNotificationColumns = 30;

inline constexpr auto kNever = Time(Duration(std::numeric_limits<std::int64_t>::max()));

// Of rows that begin with these columns.
Feed read_feed(const Row& row);
model::Notification read_head(const Row& row);
model::Notification read_notification(const Row& row);

// Views of `feed` and `n`, in the order of INSERT INTO notifications (shard, user_id, app_id, HG_NOTIFICATION_COLUMNS,
// bytes).
void add_insert(std::vector<Value>& values, const FeedKey& feed, const model::Notification& n);

}  // namespace hg::store
