// VAPID (RFC 8292): how an application server says who it is.
#pragma once

#include <string_view>

#include "base/time.h"
#include "pushsim/settle.h"
#include "pushsim/verified.h"

namespace hg::pushsim {

// Of an Authorization header sent to `origin`. 401 where it cannot be read, 403 where it is not acceptable.
Examined<Vapid> read_vapid(VerifiedVapid& verified, std::string_view authorization, std::string_view origin, Time now);

}  // namespace hg::pushsim
