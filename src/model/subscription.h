// An endpoint of a user in a cross-device app: a channel or none (live only), named by its UNSID.
#pragma once

#include <optional>
#include <string>

#include "model/notification.h"

namespace hg::model {

// Where a push can be sent. `live` is none: told by live connections alone. `email` is an address of the user's, never
// of a subscription.
enum class ChannelKind : std::uint8_t { live = 0, wns = 1, fcm = 2, apns = 3, webpush = 4, email = 5 };
enum class NotificationType : std::uint8_t { with_payload = 0, only = 1, none = 2 };
enum class EndReason : std::uint8_t { none = 0, channel_gone, channel_moved, unsubscribed, expired, user_removed };
std::string_view name(ChannelKind kind);       // "live", "wns", "fcm", "apns", "webpush", "email"
std::string_view name(NotificationType type);  // "NotificationWithPayload", …
std::string_view name(EndReason reason);  // "channelGone", "channelMoved", "unsubscribed", "expired", "userRemoved"
std::optional<NotificationType> parse_notification_type(std::string_view text);  // without regard to case

struct Channel {
  ChannelKind kind = ChannelKind::live;
  std::string address;                 // WNS URI, token, or PushSubscription JSON (endpoint; keys where it has them)
  std::string environment;             // APNs: "production" or "sandbox" or ""
  std::string application_server_key;  // Web Push: base64url of the VAPID key it was made with
};

struct Subscription {
  SubscriptionId id;
  FeedKey feed;
  ApplicationId application;  // that made it
  std::string device_id;      // <= 256
  std::string device_name;    // X-AFS-ClientInfo deviceModel, else device_id
  std::string locale;
  std::string application_id;  // as sent, for the answer
  std::string app_package;     // platform app id the channel belongs to
  Channel channel;
  Platform counts_as = Platform::none;  // in targetPolicy
  NotificationType notification_type = NotificationType::with_payload;
  std::string filters;           // JSON text of publisherFilters as sent
  std::optional<int> sync_days;  // localSyncRangeInDays
  Time created_at{}, renewed_at{}, expires_at{};
  Duration life{};
  std::int64_t since_version = 0, seen_version = 0;
  std::optional<Time> ended_at;
  EndReason ended_reason = EndReason::none;

  // One of these has to be among a notification's: every policy means an endpoint that counts as nothing.
  [[nodiscard]] PlatformMask platforms() const {
    return counts_as == Platform::none ? kAllPlatforms : static_cast<PlatformMask>(counts_as);
  }
  [[nodiscard]] bool active(Time now) const { return !ended_at && expires_at > now; }
};

// An endpoint is told before its subscription ends, so that it can renew it: that long before, or in the middle of a
// life that is no longer. Live connections say so; who sleeps is woken by a silent push.
inline constexpr Duration kWarnBefore = std::chrono::days(3);
Time warned_at(const Subscription& subscription);

inline constexpr Duration kDefaultLife = std::chrono::days(30);
inline constexpr Duration kMaxLife = std::chrono::days(90);

// A parsed POST /v1/feeds/me/subscriptions body; which cross-device app it means is resolved above from the names in
// order. notification_type is the first publisherFilter's; sync_days 0 reads as none.
struct SubscribeRequest {
  std::string device_id, application_id, channel_url;
  Channel channel;
  std::string app_package_name, app_display_name;
  std::vector<std::string> filter_applications;  // publisherFilters[].application but "*"
  Platform counts_as = Platform::none;
  NotificationType notification_type = NotificationType::with_payload;
  std::string filters;
  std::optional<int> sync_days;
  std::optional<Time> expires_at;
};
// Every mistake is found, as by parse_post.
Result<SubscribeRequest> parse_subscribe(const json::value& body, Time now);

}  // namespace hg::model
