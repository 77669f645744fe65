#include "pushsim/apns_payload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "pushsim/fields.h"

namespace hg::pushsim::apns {

namespace {

constexpr std::size_t kMost = 4096, kMostVoip = 5120;

enum class Shape { text, number, flag, text_or_object, object };

struct Member {
  std::string_view name;
  Shape shape;
};

constexpr std::array<Member, 17> kAps{{{"alert", Shape::text_or_object},
                                       {"badge", Shape::number},
                                       {"sound", Shape::text_or_object},
                                       {"thread-id", Shape::text},
                                       {"category", Shape::text},
                                       {"content-available", Shape::flag},
                                       {"mutable-content", Shape::flag},
                                       {"target-content-id", Shape::text},
                                       {"interruption-level", Shape::text},
                                       {"relevance-score", Shape::number},
                                       {"filter-criteria", Shape::text},
                                       {"stale-date", Shape::number},
                                       {"content-state", Shape::object},
                                       {"timestamp", Shape::number},
                                       {"event", Shape::text},
                                       {"dismissal-date", Shape::number},
                                       {"content-changed", Shape::flag}}};

bool fits(const json::value& value, Shape shape) {
  switch (shape) {
    case Shape::text:
      return value.is_string();
    case Shape::number:
      return value.is_number();
    case Shape::flag:  // 1 is the only value documented; 0 is harmless
      return value.is_int64() && (value.as_int64() == 0 || value.as_int64() == 1);
    case Shape::text_or_object:
      return value.is_string() || value.is_object();
    case Shape::object:
      return value.is_object();
  }
  return false;
}

std::unexpected<Refusal> bad(std::string problem) { return refuse(400, "BadPayload", std::move(problem)); }

Examined<> check_values(const json::object& aps) {
  for (const Member& member : kAps) {
    const auto* value = aps.if_contains(member.name);
    if (value != nullptr && !fits(*value, member.shape))
      return bad(fmt::format("aps.{} has a value of the wrong type", member.name));
  }
  if (const auto level = text_in(aps, "interruption-level")) {
    constexpr std::array<std::string_view, 4> known{"passive", "active", "time-sensitive", "critical"};
    if (std::ranges::find(known, *level) == known.end())
      return bad("aps.interruption-level must be passive, active, time-sensitive or critical");
  }
  if (const auto* badge = aps.if_contains("badge"); badge != nullptr && badge->to_number<double>() < 0)
    return bad("aps.badge must not be negative");
  if (const auto* score = aps.if_contains("relevance-score"))
    if (score->to_number<double>() < 0 || score->to_number<double>() > 1)
      return bad("aps.relevance-score must be between 0 and 1");
  return {};
}

bool is_on(const json::object& aps, std::string_view flag) {
  const auto* value = aps.if_contains(flag);
  return value != nullptr && value->is_int64() && value->as_int64() == 1;
}

// What a device does with it: nothing, where its type and contents do not match.
Examined<> check_kind(const json::object& aps, std::string_view type) {
  const bool shows = aps.contains("alert") || aps.contains("badge") || aps.contains("sound");
  if (type == "background") {
    if (!is_on(aps, "content-available")) return bad("a background push has aps.content-available: 1");
    if (shows) return bad("a background push has no alert, badge or sound");
  }
  if (type == "alert" && !shows) return bad("an alert push has an alert, a badge or a sound");
  if (is_on(aps, "mutable-content") && !aps.contains("alert"))
    return bad("aps.mutable-content without an alert does nothing");
  return {};
}

}  // namespace

Examined<> check_payload(std::string_view body, std::string_view type) {
  const std::size_t most = type == "voip" ? kMostVoip : kMost;
  if (body.empty()) return refuse(400, "PayloadEmpty", "the payload is empty");
  if (body.size() > most)
    return refuse(413, "PayloadTooLarge", fmt::format("the payload has {} bytes, {} may be", body.size(), most));
  const auto parsed = parse_json(body);
  if (!parsed) return bad("the payload is no JSON: " + parsed.error().message);
  if (!parsed->is_object()) return bad("the payload must be a JSON object");
  const auto* aps = object_in(parsed->as_object(), "aps");
  if (aps == nullptr) return type == "mdm" || type == "voip" ? Examined<>{} : bad("the payload has no aps object");
  HG_EXAMINE(check_values(*aps));
  return check_kind(*aps, type);
}

}  // namespace hg::pushsim::apns
