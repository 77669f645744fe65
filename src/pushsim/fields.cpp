#include "pushsim/fields.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kMostDigits = 15;

}  // namespace

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t number = 0;
  if (text.empty() || text.size() > kMostDigits ||
      !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::unexpected<Error> must_be(std::string_view member, std::string_view right) {
  return fail(Code::property_invalid, fmt::format("\"{}\" must be {}", member, right), fmt::format("/{}", member));
}

std::optional<std::string> text_in(const json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return std::string(found->as_string());
}

std::optional<Time> seconds_in(const json::object& object, std::string_view member) {
  constexpr double most = 1e12;
  const auto* found = object.if_contains(member);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  const auto seconds = found->to_number<double>();
  if (!(seconds >= 0 && seconds < most)) return std::nullopt;
  return from_ms(static_cast<std::int64_t>(seconds * 1000));
}

const json::object* object_in(const json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found == nullptr ? nullptr : found->if_object();
}

std::string origin_of(const Call& call) {
  return call.request.scheme + "://" + std::string(call.request.headers.find("Host").value_or(""));
}

json::object headers_in(const net::Request& request, std::initializer_list<std::string_view> wanted) {
  json::object out;
  for (const std::string_view name : wanted)
    if (const auto value = request.headers.find(name)) {
      if (valid_utf8(*value)) out[name] = *value;
    }
  return out;
}

void put_text(json::object& details, std::string_view name, std::string_view text) {
  if (!valid_utf8(text)) {
    details[std::string(name) + "Base64"] = base64(as_bytes(text));
    return;
  }
  details[name] = text;
  if (auto parsed = parse_json(text)) details[std::string(name) + "Json"] = std::move(*parsed);
}

}  // namespace hg::pushsim
