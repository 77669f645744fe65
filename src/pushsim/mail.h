// A mail taken apart (RFC 5322, MIME), and what is wrong with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace hg::pushsim {

struct Mail {
  std::vector<std::string> problems;
  // headers (names in lower case, encoded words decoded), subject, parts ([{type, text}], decoded), raw.
  json::object details;
};

Mail read_mail(std::string_view raw);

}  // namespace hg::pushsim
