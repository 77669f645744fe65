// The port to push platforms: a Sender checks a channel and sends a message, and what the platform said comes back as
// a Verdict. How a platform writes things down is its Sender's business alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/notification.h"
#include "model/subscription.h"

namespace hg::push {

// A signal of the feed API, not yet written for a platform. One that does not fit goes without its activities, as
// afsChangeNotification.
struct Signal {
  bool contents = true;  // false: goes without its activities, though they would fit
  std::string base_etag = {}, new_etag = {}, cv = {};
  std::string subscription_id = {};
  std::int64_t unread = 0;
  std::string ticket = {};                   // "": none
  std::vector<std::string> activities = {};  // rendered (model/activity.h), handled ones first
  std::optional<Time> expiring = {};         // the subscription's end, where the signal is to say that it nears
};

// One line each but for `body`; no control characters (model/policies.h).
struct Mail {
  std::string from_address = {}, from_name = {};  // the relay's own where empty
  std::string subject = {}, body = {};
  bool html = false;
};

struct Message {
  enum class Kind : std::uint8_t {
    visual,      // a new notification with a title; where the platform does not show it itself, its signal goes
    raw,         // a new notification that the app's own code handles
    change,      // state, of one notification or of many; or an expiring subscription. Never shown
    mail,        // to the address in the channel
    withdrawal,  // what `location` names is not to be delivered any more
    probe,       // whether the credentials are taken: nothing reaches a device, the channel is not looked at
  };

  Kind kind = Kind::change;
  model::Priority priority = model::Priority::high;
  // The notification's GUID as text, by which the device replaces and removes it. "" where a change is about none in
  // particular: such ones replace each other while they wait at the platform.
  std::string id = {};
  std::string app_notification_id = {}, group = {};
  std::string title = {}, body = {};  // visual; shortened where they do not fit
  Duration ttl{};                     // how long the platform may keep it; zero: now or never
  Signal signal = {};
  Mail mail = {};
  std::string location = {};  // withdrawal: of the Verdict
};

struct Verdict {
  enum class Outcome : std::uint8_t {
    delivered,    // the platform has taken it; of a withdrawal: it will not be delivered
    retry,        // not now
    gone,         // the endpoint has ended
    rejected,     // this message, for good; the endpoint stays
    credentials,  // the app's credentials or configuration are not taken: its pushes there wait until they are changed
  };

  Outcome outcome = Outcome::retry;
  std::string reason = {};                      // as the platform says it: "Unregistered", "503", "timed out"
  std::string id = {};                          // the platform's, of what it has taken
  std::string location = {};                    // the message's resource, where it can be withdrawn
  std::optional<Duration> retry_after = {};     // not before
  std::optional<Time> gone_since = {};          // an endpoint that has registered again since then is not meant
  std::optional<std::string> environment = {};  // APNs: the one that the token turned out to be of
  bool asked = true;                            // false: the platform was not, for its destination is down or busy
  bool everywhere = false;                      // retry: others would fare no better at that destination
  bool alarm = false;                           // an operator should look: the configuration may be at fault

  [[nodiscard]] bool delivered() const { return outcome == Outcome::delivered; }
};
std::string_view name(Verdict::Outcome outcome);  // "delivered", "retry", "gone", "rejected", "credentials"

// For one app on one platform. Belongs to the loop that it was made for. Waits for the platform, 2 s at the most for
// its turn there (push/lanes.h), and for nothing else: where the destination (a host with the credentials used there)
// is down, the answer is `retry` at once, so that a slow platform holds up its own endpoints alone.
class Sender {
 public:
  virtual ~Sender() = default;

  // Whether pushes could go there: asked when somebody subscribes. Code::property_invalid, the message says why.
  [[nodiscard]] virtual Result<void> check(const model::Channel& channel) const = 0;
  virtual boost::asio::awaitable<Verdict> send(model::Channel channel, Message message) = 0;
};

}  // namespace hg::push
