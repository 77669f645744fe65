// Access tokens of the token services (FCM, WNS): opaque, for one app, until they expire.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/time.h"
#include "net/http.h"
#include "pushsim/journal.h"

namespace hg::pushsim {

class AccessTokens {
 public:
  struct Holder {
    Platform platform = Platform::fcm;
    std::string app;
    Time expires{};
  };

  std::string issue(Platform platform, std::string_view app, Duration life, Time now);
  // Of a token that was issued, expired or not.
  [[nodiscard]] const Holder* find(std::string_view token) const;
  // None is good any more: what a vendor does when a secret is replaced.
  void revoke() { all_.clear(); }

 private:
  std::map<std::string, Holder, std::less<>> all_;
};

// The token of `Authorization: Bearer …`, nullopt where there is none.
std::optional<std::string_view> bearer_of(const net::Request& request);
// A form body as RFC 6749 wants it: application/x-www-form-urlencoded, no parameter twice.
std::optional<Form> token_request(const net::Request& request);
// RFC 6749 §5.2.
net::Response oauth_error(int status, std::string_view error, std::string_view description);

}  // namespace hg::pushsim
