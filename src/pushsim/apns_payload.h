// The payload of an APNs request, as "Generating a remote notification" has it.
#pragma once

#include <string_view>

#include "pushsim/settle.h"

namespace hg::pushsim::apns {

// `type` is a known push type. Apple documents no reason for a payload that is no JSON or has values of wrong types; it
// is "BadPayload" here, so that nobody has to look on a device why nothing was shown.
Examined<> check_payload(std::string_view body, std::string_view type);

}  // namespace hg::pushsim::apns
