// From changed notifications to what a live reader is sent.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "bus/bus.h"
#include "feed/tokens.h"
#include "model/subscription.h"

namespace hg::feed {

// The host name of a cross-device app; callable from any thread.
using HostName = std::function<std::string(const AppId&)>;

bus::Note note_of(const model::Notification& notification, std::string_view host_name, SubscriptionId maker = {});

// For whom a signal is made.
struct Addressee {
  SubscriptionId subscription;                       // zero: none was named
  model::Platform platform = model::Platform::none;  // none: targeted by every policy
  bool contents = true;                              // false: it asked to be told that, not what
};

inline constexpr std::size_t kMaxSignalBytes = 16 * 1024;

// Brings the addressee from `from` to `to` with those of `notes` that are above `from` and not its own doing; nullptr
// notes: with none of them known. Nullopt where it made all of them itself. Over kMaxSignalBytes it is an
// afsChangeNotification.
std::optional<std::string> signal(const Tokens& tokens, const FeedKey& feed, std::int64_t from, std::int64_t to,
                                  const bus::ChangeNote* change, std::int64_t unread, const Addressee& addressee,
                                  Time alerts_since);

}  // namespace hg::feed
