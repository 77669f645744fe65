// Reading the parameters of a query or a form body.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace hg::api {

// "" where it is not there.
inline std::string text_of(const Form& form, std::string_view name) {
  const std::string* found = find(form, name);
  return found == nullptr ? std::string() : *found;
}

// RFC 6749 §3.1, §3.2: parameters must not be included more than once.
inline bool repeats_a_name(const Form& form) {
  for (auto at = form.begin(); at != form.end(); ++at)
    if (std::find_if(at + 1, form.end(), [&](const auto& other) { return other.first == at->first; }) != form.end())
      return true;
  return false;
}

}  // namespace hg::api
