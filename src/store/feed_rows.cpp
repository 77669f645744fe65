#include "store/feed_rows.h"

namespace hg::store {

Feed read_feed(const Row& row) {
  return {.version = row.integer(0),
          .floor_version = row.integer(1),
          .last_alert_version = row.integer(2),
          .unread = row.integer(3),
          .live = row.integer(4),
          .bytes = row.integer(5),
          .tombstones = row.integer(6),
          .next_expiry = row.time(7),
          .previous_alert_version = row.integer(8)};
}

model::Notification read_head(const Row& row) {
  model::Notification n;
  n.id = row.id<NotificationId>(0);
  n.version = row.integer(1);
  n.content.app_notification_id = row.text(2);
  n.content.group_name = row.maybe_text(3);
  n.content.platforms = static_cast<model::PlatformMask>(row.integer(4));
  if (const auto ttl = row.maybe_integer(5)) n.content.display_ttl = static_cast<std::int32_t>(*ttl);
  n.content.expires_at = row.time(6);
  n.keep_until = row.time(7);
  n.content.priority = row.value<model::Priority>(8);
  n.status = row.value<model::Status>(9);
  n.read_state = row.value<model::ReadState>(10);
  n.action_state = row.value<model::ActionState>(11);
  n.snooze_until = row.maybe_time(12);
  n.content_version = row.integer(13);
  n.created_at = row.time(14);
  n.modified_at = row.maybe_time(15);
  if (!row.null(18)) n.handled_by = model::HandledBy{row.text(16), row.text(17), row.time(18)};
  n.posted_by = row.id<ApplicationId>(19);
  n.request_id = row.text(20);
  n.fingerprint = row.text(21);
  n.alert_version = row.integer(22);
  n.alerted_at = row.time(23);
  if (!row.null(24)) n.maker = row.id<SubscriptionId>(24);
  n.made_after = row.integer(25);
  return n;
}

model::Notification read_notification(const Row& row) {
  auto n = read_head(row);
  n.content.raw_content = row.maybe_text(26);
  n.content.title = row.maybe_text(27);
  n.content.body = row.maybe_text(28);
  n.content.policies = row.text(29);
  return n;
}

void add_insert(std::vector<Value>& values, const FeedKey& feed, const model::Notification& n) {
  const auto& c = n.content;
  const auto handled = [&](const std::string model::HandledBy::* member) {
    return n.handled_by ? Value((*n.handled_by).*member) : Value();
  };
  values.insert(values.end(), {feed.shard(),
                               feed.user,
                               feed.app,
                               n.id,
                               n.version,
                               c.app_notification_id,
                               c.group_name,
                               c.platforms,
                               c.display_ttl,
                               c.expires_at,
                               n.keep_until,
                               c.priority,
                               n.status,
                               n.read_state,
                               n.action_state,
                               n.snooze_until,
                               n.content_version,
                               n.created_at,
                               n.modified_at,
                               handled(&model::HandledBy::platform),
                               handled(&model::HandledBy::device_name),
                               n.handled_by ? Value(n.handled_by->at) : Value(),
                               n.posted_by,
                               n.request_id,
                               blob(n.fingerprint),
                               n.alert_version,
                               n.alerted_at,
                               n.maker.zero() ? Value() : Value(n.maker),
                               n.made_after,
                               c.raw_content,
                               c.title,
                               c.body,
                               c.policies,
                               n.bytes()});
}

}  // namespace hg::store
