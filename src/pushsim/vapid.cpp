#include "pushsim/vapid.h"

#include <fmt/format.h>

#include <optional>

#include "base/encoding.h"
#include "crypto/jwt.h"
#include "crypto/keys.h"
#include "pushsim/fields.h"

namespace hg::pushsim {

namespace {

constexpr std::string_view kScheme = "vapid ";
constexpr auto kLongestAhead = std::chrono::hours(24);  // RFC 8292 §2

// The parameters `t` and `k`, each once, in any order, bare or quoted.
struct Parameters {
  std::string_view t, k;
};

std::optional<Parameters> parameters_of(std::string_view text) {
  Parameters found;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto one = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = one.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto value = one.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (one.starts_with("t=") && found.t.empty())
      found.t = value;
    else if (one.starts_with("k=") && found.k.empty())
      found.k = value;
    else
      return std::nullopt;
  }
  return found;
}

// A real push service writes to it when something goes wrong; Apple refuses what nobody can reach.
Examined<> check_subject(const json::object& claims) {
  const auto subject = text_in(claims, "sub");
  if (!subject) return refuse(403, "", "sub is missing: a mailto: or https: address is asked for (RFC 8292 §2.1)");
  if (!subject->starts_with("mailto:") && !subject->starts_with("https://"))
    return refuse(403, "", "sub must begin with mailto: or https:");
  if (subject->starts_with("mailto: ") || subject->ends_with("@localhost") || subject->contains("https://localhost"))
    return refuse(403, "", "sub must be an address that can be reached; Apple answers BadJwtToken to this one");
  return {};
}

Examined<> check_claims(const json::object& claims, std::string_view origin, Time now) {
  const auto audience = text_in(claims, "aud");
  if (audience != origin)
    return refuse(403, "",
                  fmt::format("aud must be the endpoint's origin, {}; it is {}", origin, audience.value_or("missing")));
  const auto expiry = seconds_in(claims, "exp");
  if (!expiry) return refuse(403, "", "exp is missing, or no number of seconds");
  if (*expiry <= now) return refuse(403, "", "the token has expired at " + iso(*expiry));
  if (*expiry > now + kLongestAhead) return refuse(403, "", "exp is more than 24 h ahead: " + iso(*expiry));
  return check_subject(claims);
}

Examined<Vapid> check_signature(std::string_view authorization) {
  if (authorization.size() < kScheme.size() || !equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return refuse(401, "", "Authorization must be of the scheme vapid (RFC 8292 §3)");
  const auto parameters = parameters_of(authorization.substr(kScheme.size()));
  if (!parameters || parameters->t.empty() || parameters->k.empty())
    return refuse(401, "", "Authorization must be: vapid t=<JWT>, k=<public key>");
  const auto point = from_base64url(parameters->k);
  const auto key = point && !parameters->k.ends_with('=') ? crypto::PublicKey::from_point(*point) : std::nullopt;
  if (!key) return refuse(401, "", "k must be an uncompressed P-256 point as base64url without padding");
  const auto jwt = crypto::parse_jwt(parameters->t);
  if (!jwt) return refuse(401, "", "t is no JWT");
  if (jwt->alg != crypto::Alg::es256) return refuse(401, "", "the JWT must be signed by ES256");
  if (!jwt->signed_by(*key)) return refuse(401, "", "the JWT is not signed by the key that k names");
  return Vapid{std::string(parameters->k), jwt->claims};
}

}  // namespace

Examined<Vapid> read_vapid(VerifiedVapid& verified, std::string_view authorization, std::string_view origin, Time now) {
  const std::string field(authorization);
  const Vapid* known = verified.find(field, now);
  auto vapid = known != nullptr ? Examined<Vapid>(*known) : check_signature(authorization);
  if (!vapid) return vapid;
  HG_EXAMINE(check_claims(vapid->claims, origin, now));
  if (known == nullptr) verified.put(field, *vapid, now + kLongestAhead);
  return vapid;
}

}  // namespace hg::pushsim
