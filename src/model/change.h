// What happens to a feed: ChangeRequest (asked for) and the pure rules that decide it. No SQL, no clock: `now` is
// handed in.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/notification.h"

namespace hg::model {

enum class ChangeKind : std::uint8_t { posted, edited, state, returned, deleted };

// Which notification: its id, where known.
struct PostRequest {
  NotificationId id;
  Content content;
  std::string request_id;  // a GUID text or ""
  std::string fingerprint;
  bool retry =
      false;  // a Retry-Attempt header was sent: same request_id and fingerprint answers the stored one, unchanged
  std::optional<SubscriptionId> through = {};  // Code::subscription_ended where it is not active
};
struct EditRequest {
  NotificationId id;
  ContentPatch patch;
};  // app server's PATCH
struct StateRequest {
  NotificationId id;
  StatePatch patch;
  HandledBy by;
};
struct DeleteRequest {
  NotificationId id;
};
// A snooze ends: nothing changes unless the notification is still snoozed and snooze_until has come, for an edit of its
// content in between must not lose the return. `version`: of the change that snoozed it, the job's key.
struct ReturnRequest {
  NotificationId id;
  std::int64_t version = 0;
};
struct MarkAllRequest {
  std::optional<std::string> group_name;
  bool dismiss;
  HandledBy by;
};  // markAllRead or dismissAll

struct IdempotencyKey {
  ApplicationId application;
  std::string key;
  std::string fingerprint;
};

struct ChangeRequest {
  FeedKey feed;
  std::variant<PostRequest, EditRequest, StateRequest, DeleteRequest, ReturnRequest, MarkAllRequest> what;
  std::optional<std::int64_t> if_version;     // If-Match: the entity's version that was seen
  bool if_exists = false;                     // If-Match: *
  std::optional<SubscriptionId> maker;        // not signalled about it
  std::optional<IdempotencyKey> idempotency;  // posts only
  ApplicationId application;                  // who asks (posted_by)
  Time now{};
};

// What became of one request.
struct Changed {
  std::int64_t base_version = 0;  // the feed before
  std::int64_t new_version = 0;   // and after; the same where nothing changed
  std::vector<Notification>
      notifications;           // the changed ones as they are now (one, but for mark-all); the unchanged one too
  bool replayed = false;       // an earlier answer of the same Idempotency-Key or Retry-Attempt
  std::int64_t endpoints = 0;  // the user's active subscriptions in this cross-device app (posts)
};

// Decisions on one existing (or absent) notification. Each gives the notification as it will be, with version (and,
// where `alerts`, alert_version) still those of `before`, or nullopt where nothing changes, or the refusal: not_found,
// resource_modified, content_changed, property_invalid, too_large. `before` is null where there is none such; one that
// expired counts as none. A post is nullopt only where it repeats the notification's last one (Retry-Attempt). A
// MarkAllRequest is decided for each notification of the feed. A tombstone keeps no content but its name.
struct Decision {
  std::optional<Notification> after;
  ChangeKind kind = ChangeKind::state;
  bool alerts = false;
};
Result<Decision> decide(const ChangeRequest& request, const Notification* before);

// What decides which of a feed's notifications go when it is over its cap.
struct CapEntry {
  NotificationId id;
  bool handled = false, read = false, snoozed = false;
  Time created_at{}, expires_at{};
  std::int64_t bytes = 0;
};
// The handled, then the read, then the oldest, snoozed ones last.
bool leaves_before(const CapEntry& a, const CapEntry& b);
// The ids to delete so that count and bytes fit. `live`: in the order in which they leave. `posted`: by this very
// change; counts, but never goes.
std::vector<NotificationId> over_cap(std::span<const CapEntry> live, const NotificationId& posted,
                                     std::size_t max_count, std::int64_t max_bytes);

}  // namespace hg::model
