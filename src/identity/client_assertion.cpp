#include "identity/client_assertion.h"

#include <algorithm>

#include "crypto/hash.h"
#include "identity/claims.h"
#include "identity/lifetimes.h"

namespace hg::identity {

namespace {

std::unexpected<OAuthError> refused(std::string why) {
  return oauth_fail("invalid_client", "client_assertion " + std::move(why), 401);
}

bool same_client(std::string_view text, const ApplicationId& id) {
  const auto parsed = ApplicationId::parse(text);
  return parsed && *parsed == id;
}

bool for_one_of(const json::object& claims, std::span<const std::string> audiences) {
  return std::ranges::any_of(audiences_in(claims), [&](const std::string& one) {
    return std::ranges::find(audiences, one) != audiences.end();
  });
}

bool signed_by_a_key_of(const crypto::Jwt& jwt, const Application& application, Time now) {
  return std::ranges::any_of(application.keys, [&](const ClientKey& known) {
    return (!known.expires_at || *known.expires_at > now) && jwt.signed_by(known.key);
  });
}

}  // namespace

std::string issuer_named_by(const crypto::Jwt& jwt) { return text_in(jwt.claims, "iss"); }

OAuthResult<CheckedAssertion> check_client_assertion(const crypto::Jwt& jwt, const Application& application,
                                                     std::span<const std::string> audiences, Time now) {
  if (!same_client(text_in(jwt.claims, "iss"), application.id) ||
      !same_client(text_in(jwt.claims, "sub"), application.id))
    return refused("names another client (iss, sub)");
  if (!signed_by_a_key_of(jwt, application, now))
    return refused("is not signed by a certificate or key that is registered and in its time");
  if (!for_one_of(jwt.claims, audiences)) return refused("is not for this token endpoint or issuer (aud)");
  const auto expires = time_in(jwt.claims, "exp");
  if (!expires || *expires + kSkew <= now) return refused("has expired");
  if (*expires > now + kAssertionLife + kSkew) return refused("is good for more than ten minutes (exp)");
  for (const char* name : {"nbf", "iat"}) {
    const auto from = time_in(jwt.claims, name);
    if (jwt.claims.contains(name) && (!from || *from - kSkew >= now)) return refused("is not good yet");
  }
  const std::string jti = text_in(jwt.claims, "jti");
  if (jti.empty() || jti.size() > 256) return refused("has no jti");
  return CheckedAssertion{
      .hash = std::string(as_text(crypto::sha256("client assertion " + application.id.str() + " " + jti))),
      .until = *expires + kSkew,
      .once = !jwt.header.contains("x5t") && !jwt.header.contains("x5t#S256")};
}

}  // namespace hg::identity
