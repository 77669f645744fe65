// How many calls an application by itself, and a user in an application, may make a minute. Who has shown no token is
// counted elsewhere (api/browser.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/buckets.h"
#include "base/result.h"
#include "identity/bearer.h"
#include "net/http.h"

namespace hg::api {

class Allowance {
 public:
  struct Limits {
    std::int64_t application = 0;  // calls a minute; 0: as many as it likes
    std::int64_t user = 0;
  };

  // From any thread.
  void set(Limits limits) {
    application_ = limits.application;
    user_ = limits.user;
  }
  // One call: `headers` get how many are left (RateLimit-Limit, -Remaining, -Reset). Code::too_many_requests.
  Result<void> take(const identity::Principal& principal, Time now, net::Headers& headers);

 private:
  struct Caller {
    ApplicationId application;
    UserId user;
    bool operator==(const Caller&) const = default;
  };
  struct CallerHash {
    std::size_t operator()(const Caller& caller) const noexcept {
      return std::hash<ApplicationId>{}(caller.application) * 31 + std::hash<UserId>{}(caller.user);
    }
  };

  std::atomic<std::int64_t> application_{0}, user_{0};
  Buckets<Caller, CallerHash> buckets_;
};

}  // namespace hg::api
