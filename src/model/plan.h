// Who is told what of a change, and when: what happened, the present state of what changed, the user's endpoints and
// the time, made into sends, jobs and outcomes. Pure: what it is decided by is handed in.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "model/change.h"
#include "model/delivery.h"
#include "model/job.h"
#include "model/subscription.h"

namespace hg::model {

// One version of the feed, as it was stored with the change.
struct Happened {
  std::int64_t version = 0;
  ChangeKind kind = ChangeKind::state;
  SubscriptionId maker = {};  // zero: none was named
};

// An active endpoint with what its platform can do (model/platform.h) and what it is waiting for.
struct Reach {
  const Subscription* subscription = nullptr;
  bool silent = false;                  // can be told of a state change without showing something
  std::optional<Time> next_nudge = {};  // its budget's; nullopt: at once
  std::optional<Time> held_until = {};  // a send is outstanding: nothing newer goes before
  std::optional<Job> nudge = {};        // one that waits; guard: the version that the endpoint knows of
};

struct Occasion {
  Time now{};
  std::int64_t version = 0;                         // of the feed
  std::int64_t last_alert = 0, previous_alert = 0;  // its two last versions that asked for attention
  bool live = false;                                // the user is connected live
  std::vector<Happened> happened;
  std::vector<Job> due;                            // ascending by version
  std::vector<const Notification*> notifications;  // all that `happened` changed and `due` names, as they are now
  std::vector<Reach> endpoints;
  std::vector<std::pair<NotificationId, Fetched>> fetched = {};  // of what fallbacks that are due are about
};

enum class Wake : std::uint8_t { visual, raw, state, fallback };

// One push to one endpoint: brings it from `base` to the feed's present version.
struct Send {
  SubscriptionId to;
  NotificationId notification = {};  // zero: a state change
  std::int64_t version = 0;          // that asked for attention
  std::int64_t base = 0;
  Wake wake = Wake::state;
  std::int64_t attempts = 0;  // before this one
  std::int64_t faults = 0;
  Time since{};                       // it is owed
  std::optional<Time> expiring = {};  // a state send that only tells when the subscription ends
};

// What became of a delivery without anything being sent.
struct Fate {
  NotificationId notification;
  std::int64_t version = 0;
  SubscriptionId subscription = {};  // zero: the mail
  Outcome outcome = Outcome::pending;
  std::string_view reason = "";
};

// A mail that is due now.
struct Mailing {
  NotificationId notification;
  std::int64_t version = 0;
  std::int64_t attempts = 0;
  Time since{};
};

struct Plan {
  std::vector<Send> sends;  // in order for each endpoint
  std::vector<Mailing> mails;
  std::vector<Job> spent;  // of the due ones: to be erased, then
  std::vector<Job> jobs;   // to be put
  std::vector<Fate> fates;
  bool waits_for_nobody = false;  // something goes at once that would wait for a live user
};
Plan plan(const FeedKey& feed, const Occasion& occasion);

// Why an alert is not to be sent any more, whoever it is for; nullopt: it stands. Also asked just before each call.
struct Moot {
  Outcome outcome = Outcome::superseded;
  std::string_view reason;
};
std::optional<Moot> moot(const Notification& notification, std::int64_t alert_version, Time now);

}  // namespace hg::model
