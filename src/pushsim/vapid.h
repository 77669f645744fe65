// VAPID (RFC 8292): how an application server says who it is.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "pushsim/settle.h"

namespace hg::pushsim {

struct Vapid {
  std::string key;  // as it stands in `k`
  json::object claims;
};

// Of an Authorization header sent to `origin`. 401 where it cannot be read, 403 where it is not acceptable.
Examined<Vapid> read_vapid(std::string_view authorization, std::string_view origin, Time now);

}  // namespace hg::pushsim
