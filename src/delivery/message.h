// From what is to be sent and what was seen of the feed to the message that a Sender takes. Made at the moment of
// sending, from the feed's present state.
#pragma once

#include <functional>
#include <string>

#include "delivery/sight.h"
#include "push/sender.h"

namespace hg::delivery {

// What is made elsewhere; callable from any thread.
struct Words {
  std::function<std::string(const FeedKey&, std::int64_t)> etag;
  // By which the endpoint sees and settles the notification without a token of the user's.
  std::function<std::string(const FeedKey&, const SubscriptionId&, const model::Notification&)> ticket;
  std::function<std::string(const AppId&)> host_name;
};

inline constexpr Duration kKept = std::chrono::hours(24);  // how long a platform may keep a message, at most

push::Message message_of(const model::Send& send, const Sight& sight, const Words& words);
// The mail of a notification's transportFallback; what it names is there, for the plan looked.
push::Message mail_of(const model::Notification& notification, Time now);

}  // namespace hg::delivery
