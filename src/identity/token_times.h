// The times of a token, as whoever verifies it has to judge them.
#pragma once

#include "base/json.h"
#include "base/result.h"

namespace hg::identity {

// A minute is allowed for between clocks. Code::token_expired, token_invalid.
Result<void> check_times(const json::object& claims, Time now);

}  // namespace hg::identity
