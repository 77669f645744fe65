// Claims of a JWT by their type; for this folder's sources.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace hg::identity {

// "" where it is missing, or no text.
inline std::string text_in(const json::object& claims, std::string_view name) {
  const auto* member = claims.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

// A NumericDate (RFC 7519 §2) in whole seconds.
inline std::optional<Time> time_in(const json::object& claims, std::string_view name) {
  const auto* member = claims.if_contains(name);
  if (member == nullptr || !member->is_int64()) return std::nullopt;
  const std::int64_t seconds = member->get_int64();
  if (seconds < 0 || seconds > 253'402'300'799) return std::nullopt;
  return from_ms(seconds * 1000);
}

// `aud`: a text, or a list of them.
inline std::vector<std::string> audiences_in(const json::object& claims) {
  std::vector<std::string> all;
  const auto* member = claims.if_contains("aud");
  if (member != nullptr && member->is_string()) all.emplace_back(member->get_string());
  if (member != nullptr && member->is_array())
    for (const auto& one : member->get_array())
      if (one.is_string()) all.emplace_back(one.get_string());
  return all;
}

}  // namespace hg::identity
