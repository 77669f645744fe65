#include "crypto/vapid.h"

#include "base/encoding.h"
#include "crypto/jwt.h"

namespace hg::crypto {

namespace {

// Half of what is allowed: push services' clocks differ.
constexpr Duration kLife = std::chrono::hours(12);
constexpr Duration kUsedFor = std::chrono::hours(10);
constexpr double kLatest = 253'402'300'799;  // the year 9999

struct Parameters {
  std::string_view token, key;
};

// auth-params in any order, blank around commas (RFC 9110 §11.2).
Parameters read_parameters(std::string_view text) {
  Parameters found;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = trim(text.substr(0, comma));
    if (one.starts_with("t=")) found.token = one.substr(2);
    if (one.starts_with("k=")) found.key = one.substr(2);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return found;
}

std::string text_of(const json::object& claims, std::string_view name) {
  const json::value* claim = claims.if_contains(name);
  return claim && claim->is_string() ? std::string(claim->get_string()) : std::string();
}

std::optional<Time> time_of(const json::object& claims, std::string_view name) {
  const json::value* claim = claims.if_contains(name);
  if (!claim || !claim->is_number()) return std::nullopt;
  const auto seconds = claim->to_number<double>();
  if (!(seconds > 0 && seconds < kLatest)) return std::nullopt;
  return Time{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
}

}  // namespace

Vapid::Vapid(PrivateKey key, std::string subject)
    : key_(std::move(key)), subject_(std::move(subject)), public_key_(base64url(key_.point())) {}

std::string Vapid::authorization(const std::string& origin, Time now) {
  if (const std::string* known = signed_.find(origin, now)) return *known;
  const auto expires = std::chrono::floor<std::chrono::seconds>(now + kLife).time_since_epoch().count();
  std::string claims;
  JsonWriter(claims).object().field("aud", origin).field("exp", expires).field("sub", subject_).end();
  std::string made = "vapid t=" + sign_jwt(key_, "", "JWT", claims) + ", k=" + public_key_;
  signed_.put(origin, made, now + kUsedFor);
  return made;
}

std::optional<VapidClaims> verify_vapid(std::string_view authorization) {
  constexpr std::string_view kScheme = "vapid ";
  if (!equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  const auto [token, key_text] = read_parameters(authorization.substr(kScheme.size()));
  const auto point = from_base64url(key_text);
  const auto key = point ? PublicKey::from_point(*point) : std::nullopt;
  const auto jwt = parse_jwt(token);
  if (!key || !jwt || jwt->alg != Alg::es256 || !jwt->signed_by(*key)) return std::nullopt;
  const auto expires = time_of(jwt->claims, "exp");
  VapidClaims claims{.audience = text_of(jwt->claims, "aud"),
                     .subject = text_of(jwt->claims, "sub"),
                     .expires = expires.value_or(Time{}),
                     .public_key = base64url(*point)};
  if (claims.audience.empty() || !expires) return std::nullopt;
  return claims;
}

}  // namespace hg::crypto
