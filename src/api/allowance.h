// How many calls an application by itself, and a user in an application, may make a minute; and, where nobody has shown
// who calls, whoever calls from one address.
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
    std::int64_t address = 0;
  };

  // From any thread.
  void set(Limits limits) {
    application_ = limits.application;
    user_ = limits.user;
    address_ = limits.address;
  }
  // One call: `headers` get how many are left (RateLimit-Limit, -Remaining, -Reset). `application`: the principal's,
  // which may have limits of its own. Code::too_many_requests.
  Result<void> take(const identity::Principal& principal, const identity::Application* application, Time now,
                    net::Headers& headers);
  // One call of nobody in particular, from a neighbourhood (api/caller.h). Code::too_many_requests.
  Result<void> take(std::optional<std::uint64_t> neighbourhood, Time now);

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

  std::atomic<std::int64_t> application_{0}, user_{0}, address_{0};
  Buckets<Caller, CallerHash> buckets_;
  Buckets<std::uint64_t> addresses_;
};

}  // namespace hg::api
