// The devices and browsers that can be pushed to, as a platform knows them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/keys.h"
#include "pushsim/addresses.h"
#include "pushsim/exchange.h"
#include "pushsim/journal.h"

namespace hg::pushsim {

struct Endpoint {
  enum class State : std::uint8_t { live, gone, expired };

  // The device token (APNs), registration token (FCM), the token in the channel URI (WNS), the last segment of the
  // endpoint (Web Push).
  std::string id = {};
  Platform platform = Platform::apns;
  // Who may push to it: the topic (APNs), project (FCM), client id (WNS), application server key (Web Push; empty:
  // anybody).
  std::string app = {};
  std::string fid = {};  // FCM: the other name
  Door environment = Door::apns;
  State state = State::live;
  Time since{};                                // of the state
  bool online = true;                          // Web Push and APNs keep messages for those that are not; WNS says so
  std::optional<crypto::PrivateKey> key = {};  // Web Push: the browser's
  Buffer secret = {};                          // likewise
};

class Endpoints {
 public:
  // {"platform": "webPush", ...} as docs/pushsim.md has it; the members that are left out are chosen.
  // Code::property_invalid names what is not understood. `app` is what Endpoint::app says where the wish names none.
  Result<Endpoint*> add(Platform platform, const json::object& wish, std::string_view app, Time now);
  [[nodiscard]] Endpoint* find(Platform platform, std::string_view id);
  [[nodiscard]] Endpoint* find_fid(std::string_view fid);
  bool remove(Platform platform, std::string_view id);
  void clear() { all_.clear(); }
  [[nodiscard]] json::array list(const Addresses& addresses) const;

 private:
  std::map<std::pair<Platform, std::string>, Endpoint, std::less<>> all_;
  std::map<std::string, std::string, std::less<>> tokens_;  // FCM: by fid
};

// {"state": "gone", "online": false}: what becomes of it.
Result<void> change(Endpoint& endpoint, const json::object& wish, Time now);

// What the platform hands to the app on the device, beside what it is.
json::object as_json(const Endpoint& endpoint, const Addresses& addresses);

}  // namespace hg::pushsim
