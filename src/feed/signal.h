// From changed notifications to what a live reader is sent.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "feed/tokens.h"
#include "model/subscription.h"

namespace hg::feed {

// The host name of a cross-device app; callable from any thread.
using HostName = std::function<std::string(const AppId&)>;

bus::Note note_of(const model::Notification& notification, std::string_view host_name);

// For whom a signal is made.
struct Addressee {
  SubscriptionId subscription;                       // zero: none was named
  model::Platform platform = model::Platform::none;  // none: targeted by every policy
  bool contents = true;                              // false: it asked to be told that, not what
  bool operator==(const Addressee&) const = default;
};

inline constexpr std::size_t kMaxSignalBytes = 16 * 1024;

// Part of a change, up to version `to`: what others did, or what the addressee did itself and its answers have told it.
struct Stretch {
  std::int64_t to = 0;
  bool own = false;
  std::vector<const bus::Note*> notes = {};  // of others, handled ones first
};
// What of `change` lies above `from`, in the order it happened; at least one, the last ends at `to`. So an endpoint
// that missed the answer to its own change finds that the next signal does not begin where it is, and fetches.
std::vector<Stretch> stretches(const bus::ChangeNote& change, std::int64_t from, std::int64_t to,
                               const SubscriptionId& addressee);

// Brings the addressee from `from` to the end of the stretch; nullptr: with none of it known. Over kMaxSignalBytes it
// is an afsChangeNotification.
std::string signal(const Tokens& tokens, const FeedKey& feed, std::int64_t from, std::int64_t to,
                   const Stretch* stretch, std::int64_t unread, const Addressee& addressee, Time alerts_since);

}  // namespace hg::feed
