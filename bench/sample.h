// Notifications as an app would post them, for filling stores.
#pragma once

#include <fmt/format.h>

#include "crypto/hash.h"
#include "store/feeds.h"

namespace hg::bench {

inline model::Notification sample(Time now, std::int64_t version) {
  model::Notification n;
  n.id = NotificationId{crypto::random_guid()};
  n.content.app_notification_id = "filled-" + n.id.str();
  n.content.group_name = "builds";
  n.content.raw_content = R"({"build":4711,"branch":"main","failed":3})";
  n.content.title = "Build 4711 has failed";
  n.content.body = "Three tests of the nightly build did not pass on the branch main; the log names them.";
  n.content.policies = R"({"targetPolicy":{"platformTypes":["Windows","iOS","Android"]}})";
  n.content.display_ttl = 600;
  n.content.expires_at = now + std::chrono::days(7);
  n.version = version;
  n.created_at = now;
  n.posted_by = ApplicationId{crypto::random_guid()};
  n.request_id = crypto::random_guid().str();
  n.fingerprint = std::string(as_text(crypto::sha256(n.request_id)));
  n.alert_version = version;
  n.alerted_at = now;
  n.keep_until = n.content.expires_at;
  return n;
}

// A feed as it is after `count` posts of sample().
inline store::Feed after(std::int64_t count, const model::Notification& last) {
  return {.version = count,
          .last_alert_version = count,
          .unread = count,
          .live = count,
          .bytes = count * last.bytes(),
          .next_expiry = last.content.expires_at};
}

}  // namespace hg::bench
