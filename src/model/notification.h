// The notification: content as the app server posted it, state as the user's devices made it (docs/http-api.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace hg::model {

// Who is alerted. A set of platforms is a mask of bits; live-only endpoints without a platform are targeted by every
// policy.
enum class Platform : std::uint8_t { none = 0, windows = 1, ios = 2, android = 4, webpush = 8 };
using PlatformMask = std::uint8_t;
inline constexpr PlatformMask kAllPlatforms = 15;
std::string_view name(Platform platform);                       // "Windows", "iOS", "Android", "WebPush"; none is ""
std::optional<Platform> parse_platform(std::string_view text);  // without regard to case

enum class Priority : std::uint8_t { none = 0, high = 1, low = 2 };
enum class Status : std::uint8_t { active = 0, updated = 1, deleted = 2 };
enum class ReadState : std::uint8_t { unread = 0, read = 1 };
enum class ActionState : std::uint8_t { no_interaction = 0, activated = 1, dismissed = 2, snoozed = 3 };
std::string_view name(Priority value);                          // "None", "High", "Low"
std::string_view name(Status value);                            // "active", "updated", "deleted"
std::string_view name(ReadState value);                         // "unread", "read"
std::string_view name(ActionState value);                       // "noInteraction", "activated", "dismissed", "snoozed"
std::optional<Priority> parse_priority(std::string_view text);  // these read without regard to case
std::optional<Status> parse_status(std::string_view text);
std::optional<ReadState> parse_read_state(std::string_view text);
std::optional<ActionState> parse_action_state(std::string_view text);

inline constexpr std::size_t kMaxNotifications = 1'000;  // a feed keeps
inline constexpr std::int64_t kMaxFeedBytes = 8 * 1024 * 1024;
inline constexpr std::int64_t kMaxTombstones = 1'000;
inline constexpr std::int64_t kMaxContentBytes = 32 * 1024;  // payload and fallbackPolicy together

// What the app server says. Strings are valid UTF-8 without U+0000.
struct Content {
  std::string app_notification_id;         // 1..256 characters
  std::optional<std::string> group_name;   // <= 256
  std::optional<std::string> raw_content;  // <= 16,384
  std::optional<std::string> title;        // visualContent; <= 1,024
  std::optional<std::string> body;         // <= 8,192
  // JSON object text of those of targetPolicy, fallbackPolicy, deliveryPolicy that were given, checked, with known
  // properties only and names in their canonical case; "" where none was given.
  std::string policies;
  PlatformMask platforms = kAllPlatforms;   // of targetPolicy
  std::optional<std::int32_t> display_ttl;  // seconds
  Time expires_at{};
  Priority priority = Priority::high;

  bool operator==(const Content&) const = default;
};

struct HandledBy {
  std::string platform;  // name(Platform) or "Live"
  std::string device_name;
  Time at{};
};

struct Notification {
  NotificationId id;
  Content content;
  std::int64_t version = 0;  // feed version of its last change
  Status status = Status::active;
  ReadState read_state = ReadState::unread;
  ActionState action_state = ActionState::no_interaction;
  std::optional<Time> snooze_until;
  std::int64_t content_version = 1;
  Time created_at{};  // of the last (re)post
  std::optional<Time> modified_at;
  std::optional<HandledBy> handled_by;
  ApplicationId posted_by;
  std::string request_id;          // client-request-id of the last accepted post, "" where it was no GUID
  std::string fingerprint;         // 32 bytes: of method, path and decoded body of that post
  std::int64_t alert_version = 0;  // feed version at which it last asked for attention
  Time alerted_at{};
  Time keep_until{};  // the latest expiry it ever had
  // The endpoint that made the last change; zero: none was named. Every change above `made_after` was its own.
  SubscriptionId maker;
  std::int64_t made_after = 0;

  [[nodiscard]] bool handled() const {
    return action_state == ActionState::activated || action_state == ActionState::dismissed;
  }
  [[nodiscard]] bool deleted() const { return status == Status::deleted; }
  [[nodiscard]] std::int64_t bytes() const;  // what it counts for in kMaxFeedBytes
};

// The id of `app_notification_id` in a feed: HMAC-SHA256 under the deployment's key, as a version 8 GUID. `key` from
// crypto, computed above this floor: here only the bytes that are authenticated.
Buffer id_material(const FeedKey& feed, std::string_view app_notification_id);

// A parsed POST body. `target_host_name` as sent; `path` is where in the body the notification stands: "" or
// "/notification".
struct Post {
  std::string target_host_name;
  Content content;
  std::string path = {};
};

// The body of POST /me/notifications, bare or {"notification": {…}}. Every mistake is found; the first is the error,
// the others its details (Code::property_missing, property_invalid with the JSON path as target; not_an_object;
// too_large where payload and fallbackPolicy are over kMaxContentBytes, whatever else is wrong). Unknown properties are
// ignored; null is absent.
Result<Post> parse_post(const json::value& body, Time now);

// The app server's PATCH: only what is present changes. `policies`: those given, null for one to be removed. null for
// priority or expirationDateTime is a POST's default. `alert`: alerts again.
struct ContentPatch {
  std::optional<std::optional<std::string>> group_name;
  bool payload_given = false;  // payload replaces as a whole
  std::optional<std::string> raw_content, title, body;
  std::optional<std::string> policies;
  std::optional<PlatformMask> platforms;
  std::optional<std::optional<std::int32_t>> display_ttl;
  std::optional<Time> expires_at;
  std::optional<Priority> priority;
  bool alert = false;
};
Result<ContentPatch> parse_content_patch(const json::value& body, Time now);

// A client's PATCH, of both APIs once read. `snooze_until` lies in the future and comes with no other action_state than
// snoozed; whether it lies before the expiry is decide()'s.
struct StatePatch {
  std::optional<ReadState> read_state;
  std::optional<ActionState> action_state;
  std::optional<Time> snooze_until;
  std::optional<std::int64_t> content_version;  // the one seen
};
// Graph API names (readState, userActionState, snoozeUntilDateTime, contentVersion).
Result<StatePatch> parse_state_patch(const json::value& body, Time now);
// Feed API names (read, userActionState 0..3, snoozeUntilDateTime, contentVersion).
Result<StatePatch> parse_activity_patch(const json::value& body, Time now);
// Of a change to all: {"groupName"}; nullopt means every group.
Result<std::optional<std::string>> parse_group(const json::value& body);

}  // namespace hg::model
