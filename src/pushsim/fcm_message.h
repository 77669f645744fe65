// The message of an FCM request: the members that exist, their types, and their limits.
#pragma once

#include <string>

#include "base/json.h"
#include "pushsim/settle.h"

namespace hg::pushsim::fcm {

struct Target {
  enum class Kind { token, fid, topic, condition };
  Kind kind = Kind::token;
  std::string value;
};

// `body` is a SendMessageRequest. INVALID_ARGUMENT names the field that is wrong.
Examined<Target> check_message(const json::object& body);

}  // namespace hg::pushsim::fcm
