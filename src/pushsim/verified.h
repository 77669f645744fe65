// VAPID fields whose signature was verified before: a sender repeats one for hours, and verifying is most of the work.
// Their claims must be judged each time.
#pragma once

#include <string>

#include "base/expiring_cache.h"
#include "base/json.h"

namespace hg::pushsim {

struct Vapid {
  std::string key;  // as it stands in `k`
  json::object claims;
};

using VerifiedVapid = ExpiringCache<std::string, Vapid>;  // by the Authorization field

}  // namespace hg::pushsim
