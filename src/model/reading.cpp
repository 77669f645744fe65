#include "model/reading.h"

#include <fmt/format.h>

#include <cmath>

#include "base/encoding.h"

namespace hg::model {

namespace {

constexpr Duration kGrace = std::chrono::minutes(10);  // clocks differ: so much over the limit is cut, not refused

std::string length_rule(Characters allowed) {
  if (allowed.least == 0) return fmt::format("at most {} characters are allowed", allowed.most);
  return fmt::format("{} to {} characters are right", allowed.least, allowed.most);
}

std::int64_t whole_days(Duration span) { return std::chrono::ceil<std::chrono::days>(span).count(); }

}  // namespace

void Mistakes::missing(std::string path, std::string_view what) {
  found_.push_back({Code::property_missing, fmt::format("{} is missing", what), std::move(path)});
}

void Mistakes::invalid(std::string path, std::string message) {
  found_.push_back({Code::property_invalid, std::move(message), std::move(path)});
}

Result<void> Mistakes::result() const {
  if (found_.empty()) return {};
  Error first = found_.front();
  first.details.assign(found_.begin() + 1, found_.end());
  return fail(std::move(first));
}

const json::value* Reading::find(std::string_view name) const {
  const json::value* value = object_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::optional<std::string> Reading::text(std::string_view name, Characters allowed) const {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    wrong(name, *value, "a string");
    return std::nullopt;
  }
  const std::string_view text = value->get_string();
  const std::size_t count = code_points(text);
  if (count >= allowed.least && count <= allowed.most) return std::string(text);
  invalid(name, fmt::format("{} has {} characters; {}", name, count, length_rule(allowed)));
  return std::nullopt;
}

std::string Reading::required_text(std::string_view name, Characters allowed) const {
  if (!find(name)) missing(name);
  return text(name, allowed).value_or("");
}

std::optional<std::int64_t> Reading::number(std::string_view name, std::int64_t least, std::int64_t most) const {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  const auto number = whole_number(*value);
  if (number && *number >= least && *number <= most) return number;
  wrong(name, *value, fmt::format("a number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<bool> Reading::flag(std::string_view name) const {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  wrong(name, *value, "true or false");
  return std::nullopt;
}

std::optional<Time> Reading::future(std::string_view name, Time now, Duration most) const {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  const auto time = value->is_string() ? parse_iso(std::string_view(value->get_string())) : std::nullopt;
  if (!time) {
    wrong(name, *value, "a date and time as in \"2026-11-30T22:05:36Z\"");
    return std::nullopt;
  }
  if (*time <= now) {
    invalid(name, fmt::format("{} lies in the past ({}); it is {} now", name, iso(*time), iso(now)));
    return std::nullopt;
  }
  if (*time > now + most + kGrace) {
    invalid(name,
            fmt::format("{} lies {} days ahead; {} days is the most", name, whole_days(*time - now), whole_days(most)));
    return std::nullopt;
  }
  return std::min(*time, now + most);
}

std::optional<Reading> Reading::object(std::string_view name) const {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_object()) return Reading(value->get_object(), path(name), mistakes_);
  wrong(name, *value, "an object");
  return std::nullopt;
}

const json::array* Reading::array(std::string_view name) const {
  const json::value* value = find(name);
  if (!value) return nullptr;
  if (value->is_array()) return &value->get_array();
  wrong(name, *value, "an array");
  return nullptr;
}

void Reading::missing(std::string_view name) const { mistakes_.missing(path(name), name); }

void Reading::invalid(std::string_view name, std::string message) const {
  mistakes_.invalid(path(name), std::move(message));
}

void Reading::wrong(std::string_view name, const json::value& value, std::string_view right) const {
  invalid(name, fmt::format("{} is {}; {} is right", name, shown(value), right));
}

std::string Reading::path(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

std::string shown(const json::value& value) {
  constexpr std::size_t most = 60;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = json::serialize(value);
  if (text.size() <= most) return text;
  std::size_t cut = most;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return text.substr(0, cut) + "…";
}

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (!value.is_double()) return std::nullopt;
  const double number = value.get_double();
  if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Result<void> check_object(const json::value& body, std::string_view instead) {
  if (body.is_object()) return {};
  return fail(Code::not_an_object,
              fmt::format("the body is {}; {}", body.is_array() ? "an array" : shown(body), instead));
}

}  // namespace hg::model
