// What is still owed: a retry, a fallback, an escalation, the return from a snooze; and when what failed is tried
// again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/id.h"
#include "base/time.h"

namespace hg::model {

// Stored as numbers: never renumber.
enum class JobKind : std::uint8_t {
  snooze_return = 1,      // nobody's in particular; guard: until when, in milliseconds
  alert = 2,              // an endpoint's: a retry, or what waits behind one
  nudge = 3,              // an endpoint's: that the state changed; at most one, guard: the version it knows of
  endpoint_fallback = 4,  // an iOS endpoint's: it has not fetched, so it is shown something
  mail_fallback = 5,      // nobody's: no endpoint fetched, so there is a mail
  escalation = 6,  // of the alert's maker, if any: nobody acknowledged over a live connection, the others are told
  change = 7,      // of its maker, if any: planning it faulted; guard: its kind
  expiring = 8,    // an endpoint's: it is told that its subscription ends; guard: when, in milliseconds
};

// What it waits for beside its time. Stored as numbers: never renumber.
enum class Waits : std::uint8_t {
  nothing = 0,
  answer = 1,       // of its push, which was on its way when its feed was given back; not due before that is given up
  credentials = 2,  // those that there were, if any, were not taken
};

struct Job {
  FeedKey feed;
  SubscriptionId subscription = {};  // zero: none
  NotificationId notification = {};  // zero: none
  std::int64_t version = 0;          // of the feed, when it was made; of an alert, the one that asked for attention
  JobKind kind = JobKind::snooze_return;
  Time due_at{};
  std::int64_t guard = 0;     // what must still be so
  std::int64_t attempts = 0;  // in vain
  std::int64_t faults = 0;    // of the worker itself
  Time made_at{};
  Waits waits = Waits::nothing;
};

inline constexpr Duration kFirstRetry = std::chrono::seconds(1), kLastRetry = std::chrono::minutes(5);
inline constexpr Duration kRetryFor = std::chrono::hours(24);
inline constexpr std::int64_t kMaxFaults = 15;  // then the job is given up: it is poison

// Full jitter: anything up to a bound that doubles with each attempt, from kFirstRetry to kLastRetry. `random` lies in
// [0, 1).
Duration backoff(std::int64_t attempts, double random);

// What was tried in vain.
struct Tried {
  std::int64_t attempts = 1;
  Time since{};                         // it was owed first
  std::optional<Time> not_before = {};  // the platform's Retry-After
};
// When to try again; nullopt where that would be after `expires_at`, or later than kRetryFor.
std::optional<Time> next_try(const Tried& tried, Time expires_at, Time now, double random);

// The same where nothing was tried, for the platform was closed: the longer it waits, the rarer it is looked at.
std::optional<Time> next_look(const Tried& tried, Time expires_at, Time now, double random);

// A budget of `most` an hour, of which `sent` were used: when the next may go; nullopt: at once. `sent` ascending.
std::optional<Time> budgeted(std::span<const Time> sent, std::size_t most, Time now);

}  // namespace hg::model
