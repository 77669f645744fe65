#include "pushsim/fcm_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

namespace hg::pushsim::fcm {

namespace {

constexpr std::size_t kMost = 4096, kMostToTopic = 2048;
constexpr double kMostTtl = 2'419'200;  // seconds: four weeks

enum class Shape { text, flag, number, texts, text_map, object, duration, priority };

struct Member {
  std::string_view name;
  Shape shape;
};

constexpr std::array<Member, 10> kMessage{{{"data", Shape::text_map},
                                           {"notification", Shape::object},
                                           {"android", Shape::object},
                                           {"webpush", Shape::object},
                                           {"apns", Shape::object},
                                           {"fcmOptions", Shape::object},
                                           {"token", Shape::text},
                                           {"fid", Shape::text},
                                           {"topic", Shape::text},
                                           {"condition", Shape::text}}};
constexpr std::array<Member, 3> kNotification{{{"title", Shape::text}, {"body", Shape::text}, {"image", Shape::text}}};
constexpr std::array<Member, 10> kAndroid{{{"collapseKey", Shape::text},
                                           {"priority", Shape::priority},
                                           {"ttl", Shape::duration},
                                           {"restrictedPackageName", Shape::text},
                                           {"data", Shape::text_map},
                                           {"notification", Shape::object},
                                           {"fcmOptions", Shape::object},
                                           {"directBootOk", Shape::flag},
                                           {"bandwidthConstrainedOk", Shape::flag},
                                           {"restrictedSatelliteOk", Shape::flag}}};
constexpr std::array<Member, 26> kAndroidNotification{{{"title", Shape::text},
                                                       {"body", Shape::text},
                                                       {"icon", Shape::text},
                                                       {"color", Shape::text},
                                                       {"sound", Shape::text},
                                                       {"tag", Shape::text},
                                                       {"clickAction", Shape::text},
                                                       {"bodyLocKey", Shape::text},
                                                       {"bodyLocArgs", Shape::texts},
                                                       {"titleLocKey", Shape::text},
                                                       {"titleLocArgs", Shape::texts},
                                                       {"channelId", Shape::text},
                                                       {"ticker", Shape::text},
                                                       {"sticky", Shape::flag},
                                                       {"eventTime", Shape::text},
                                                       {"localOnly", Shape::flag},
                                                       {"notificationPriority", Shape::text},
                                                       {"defaultSound", Shape::flag},
                                                       {"defaultVibrateTimings", Shape::flag},
                                                       {"defaultLightSettings", Shape::flag},
                                                       {"vibrateTimings", Shape::texts},
                                                       {"visibility", Shape::text},
                                                       {"notificationCount", Shape::number},
                                                       {"lightSettings", Shape::object},
                                                       {"image", Shape::text},
                                                       {"proxy", Shape::text}}};

// Protocol buffers' JSON takes "collapse_key" for "collapseKey".
std::string camel(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(name[++i])));
    } else {
      out += name[i];
    }
  }
  return out;
}

std::unexpected<Refusal> invalid(std::string problem, std::string field) {
  return refuse(400, "INVALID_ARGUMENT", std::move(problem), std::move(field));
}

// "3.5s", without a sign, up to four weeks.
bool is_duration(std::string_view text) {
  if (!text.ends_with('s')) return false;
  text.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  return error == std::errc() && end == text.data() + text.size() && seconds >= 0 && seconds <= kMostTtl;
}

bool is_priority(std::string_view text) {
  constexpr std::array<std::string_view, 4> known{"normal", "high", "NORMAL", "HIGH"};
  return std::ranges::find(known, text) != known.end();
}

bool all_texts(const json::value& value) {
  return value.is_array() && std::ranges::all_of(value.as_array(), [](const auto& one) { return one.is_string(); });
}

bool reserved(std::string_view key) {
  return key == "from" || key == "message_type" || key.starts_with("google") || key.starts_with("gcm");
}

Examined<> check_data(const json::value& value, const std::string& where) {
  if (!value.is_object()) return invalid(where + " must be an object of texts", where);
  for (const auto& [key, one] : value.as_object()) {
    if (!one.is_string()) return invalid(fmt::format("{}[\"{}\"] must be a text", where, std::string_view(key)), where);
    if (key.empty() || reserved(key))
      return invalid(fmt::format("Invalid data payload key: {}", std::string_view(key)), where);
  }
  return {};
}

Examined<> check_shape(const json::value& value, Shape shape, const std::string& where) {
  switch (shape) {
    case Shape::text:
      return value.is_string() ? Examined<>{} : invalid(where + " must be a text", where);
    case Shape::flag:
      return value.is_bool() ? Examined<>{} : invalid(where + " must be true or false", where);
    case Shape::number:
      return value.is_int64() ? Examined<>{} : invalid(where + " must be a whole number", where);
    case Shape::texts:
      return all_texts(value) ? Examined<>{} : invalid(where + " must be an array of texts", where);
    case Shape::text_map:
      return check_data(value, where);
    case Shape::object:
      return value.is_object() ? Examined<>{} : invalid(where + " must be an object", where);
    case Shape::duration:
      return value.is_string() && is_duration(value.as_string())
                 ? Examined<>{}
                 : invalid(where + " must be seconds like \"3600s\", from 0 to 2419200", where);
    case Shape::priority:
      return value.is_string() && is_priority(value.as_string()) ? Examined<>{}
                                                                 : invalid(where + " must be normal or high", where);
  }
  return {};
}

Examined<> check_members(const json::object& object, std::span<const Member> known, const std::string& where) {
  for (const auto& [key, value] : object) {
    const std::string name = camel(key);
    const auto member = std::ranges::find(known, std::string_view(name), &Member::name);
    if (member == known.end())
      return invalid(fmt::format("Invalid JSON payload received. Unknown name \"{}\" at '{}': Cannot find field.",
                                 std::string_view(key), where),
                     where);
    HG_EXAMINE(check_shape(value, member->shape, where + "." + std::string(key)));
  }
  return {};
}

// By its camel or its snake name, or null.
const json::value* member_of(const json::object& object, std::string_view name) {
  for (const auto& [key, value] : object)
    if (camel(key) == name) return &value;
  return nullptr;
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const auto* found = member_of(object, name);
  return found == nullptr ? nullptr : found->if_object();
}

Examined<Target> target_of(const json::object& message) {
  constexpr std::array<std::pair<std::string_view, Target::Kind>, 4> kinds{{{"token", Target::Kind::token},
                                                                            {"fid", Target::Kind::fid},
                                                                            {"topic", Target::Kind::topic},
                                                                            {"condition", Target::Kind::condition}}};
  std::optional<Target> target;
  for (const auto& [name, kind] : kinds) {
    const auto* value = member_of(message, name);
    if (value == nullptr) continue;
    if (target) return invalid("exactly one of fid, token, topic and condition", "message");
    target = Target{kind, std::string(value->as_string())};
  }
  if (!target) return invalid("Recipient of the message is not set.", "message");
  return *target;
}

std::size_t bytes_of(const json::object* object) {
  std::size_t sum = 0;
  if (object == nullptr) return sum;
  for (const auto& [key, value] : *object)
    sum += key.size() + (value.is_string() ? value.as_string().size() : json::serialize(value).size());
  return sum;
}

// What reaches an Android device: data and notification, keys and values; android's members take the place of the
// common ones.
Examined<> check_size(const json::object& message, const Target& target) {
  const auto* android = object_of(message, "android");
  const auto* data = android == nullptr ? nullptr : object_of(*android, "data");
  if (data == nullptr) data = object_of(message, "data");
  const std::size_t size = bytes_of(data) + bytes_of(object_of(message, "notification")) +
                           bytes_of(android == nullptr ? nullptr : object_of(*android, "notification"));
  const bool many = target.kind == Target::Kind::topic || target.kind == Target::Kind::condition;
  const std::size_t most = many ? kMostToTopic : kMost;
  if (size > most)
    return invalid(fmt::format("Android message is too big: {} bytes, {} may be", size, most), "message");
  return {};
}

Examined<> check_parts(const json::object& message) {
  if (const auto* notification = object_of(message, "notification"))
    HG_EXAMINE(check_members(*notification, kNotification, "message.notification"));
  const auto* android = object_of(message, "android");
  if (android == nullptr) return {};
  HG_EXAMINE(check_members(*android, kAndroid, "message.android"));
  if (const auto* notification = object_of(*android, "notification"))
    HG_EXAMINE(check_members(*notification, kAndroidNotification, "message.android.notification"));
  return {};
}

}  // namespace

Examined<Target> check_message(const json::object& body) {
  for (const auto& [key, value] : body) {
    if (camel(key) == "validateOnly" && value.is_bool()) continue;
    if (key == "message" && value.is_object()) continue;
    return invalid(fmt::format("Invalid JSON payload received. Unknown name \"{}\"", std::string_view(key)), "");
  }
  const auto* message = object_of(body, "message");
  if (message == nullptr) return invalid("the message is missing", "message");
  HG_EXAMINE(check_members(*message, kMessage, "message"));
  HG_EXAMINE(check_parts(*message));
  auto target = target_of(*message);
  if (!target) return target;
  HG_EXAMINE(check_size(*message, *target));
  return target;
}

}  // namespace hg::pushsim::fcm
