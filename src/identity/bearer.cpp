#include "identity/bearer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "crypto/jwt.h"
#include "identity/claims.h"
#include "identity/lifetimes.h"
#include "identity/token_times.h"

namespace hg::identity {

namespace {

// Of clients of the retired service, which asked for tokens for Microsoft Graph.
Error foreign_issuer(const json::object& claims) {
  for (const std::string& audience : audiences_in(claims))
    if (audience.starts_with("https://graph.microsoft.com") || audience == "00000003-0000-0000-c000-000000000000")
      return {Code::issuer_unknown,
              "only Microsoft can verify tokens for Microsoft Graph; ask for one for api://heliograph"};
  return {Code::issuer_unknown, "the access token is of an issuer that is not trusted here"};
}

Result<Principal> principal_of(const json::object& claims, std::string_view base, const Guid& key) {
  Principal principal;
  const auto application = ApplicationId::parse(text_in(claims, "appid"));
  if (!application) return fail(Code::token_invalid, "the token names no application (appid)");
  principal.application = *application;
  principal.app_only = text_in(claims, "idtyp") == "app";
  if (!principal.app_only) {
    const auto user = UserId::parse(text_in(claims, "oid"));
    if (!user) return fail(Code::token_invalid, "the token names no user (oid)");
    principal.user = *user;
    if (const auto granted = parse_scopes(text_in(claims, "scp"), base)) principal.scopes = granted->scopes;
  } else if (const auto* roles = claims.if_contains("roles"); roles != nullptr && roles->is_array()) {
    for (const auto& role : roles->as_array())
      if (role.is_string())
        if (const auto granted = parse_scopes(std::string_view(role.as_string()), base)) {
          if (granted->scopes.has(Scope::admin)) principal.scopes.add(Scope::admin);
          if (granted->scopes.has(Scope::read)) principal.scopes.add(Scope::read);
        }
  }
  principal.session = Guid::parse(text_in(claims, "sid")).value_or(Guid{});
  principal.family = Guid::parse(text_in(claims, "fam")).value_or(Guid{});
  principal.token = Guid::parse(text_in(claims, "jti")).value_or(Guid{});
  principal.key = key;
  principal.expires = *time_in(claims, "exp");
  return principal;
}

}  // namespace

Result<void> check_times(const json::object& claims, Time now) {
  const auto expires = time_in(claims, "exp");
  const auto from = time_in(claims, "nbf");
  if (!expires || (claims.contains("nbf") && !from))
    return fail(Code::token_invalid, "the token's times cannot be read");
  if (*expires + kSkew <= now) return fail(Code::token_expired, fmt::format("the token expired at {}", iso(*expires)));
  if (from && *from - kSkew >= now)
    return fail(Code::token_invalid, fmt::format("the token is not valid before {}", iso(*from)));
  return {};
}

std::size_t Bearer::DigestHash::operator()(const crypto::Digest& digest) const {
  std::size_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

Result<Principal> Bearer::verify(std::string_view authorization, std::string_view base, Time now) {
  authorization = trim(authorization);
  if (authorization.empty()) return fail(Code::token_missing, "no access token: send Authorization: Bearer {token}");
  const std::size_t space = authorization.find(' ');
  if (space == std::string_view::npos || !equal_ignoring_case(authorization.substr(0, space), "Bearer"))
    return fail(Code::token_invalid, "the Authorization header is not of the form Bearer {token}");
  return verify_token(trim(authorization.substr(space + 1)), base, now);
}

Result<Principal> Bearer::verify_token(std::string_view token, std::string_view base, Time now) {
  const crypto::Digest digest = crypto::sha256(token);
  if (const Principal* known = cache_.find(digest, now)) return admitted(*known, now);
  HG_TRY(Principal principal, examine(token, base, now));
  cache_.put(digest, principal, principal.expires);
  return admitted(std::move(principal), now);
}

void Bearer::remember(std::string_view token, const Principal& principal) {
  cache_.put(crypto::sha256(token), principal, principal.expires);
}

// What the application may no longer ask for, its tokens no longer give.
Result<Principal> Bearer::admitted(Principal principal, Time now) const {
  HG_CHECK(still_good(principal, now));
  const auto directory = registry_.directory();
  if (const Application* application = directory->application(principal.application)) {
    Scopes kept = application->allowed;
    // Decided when the token was issued.
    for (const Scope one : {Scope::admin, Scope::read, Scope::openid, Scope::profile, Scope::email}) kept.add(one);
    principal.scopes.keep(kept);
  }
  return principal;
}

Result<Bearer::Ours> Bearer::read(std::string_view token, Time now) const {
  const auto jwt = crypto::parse_jwt(token);
  if (!jwt) return fail(Code::token_invalid, "the access token cannot be read");
  const auto directory = registry_.directory();
  const std::string issuer = text_in(jwt->claims, "iss");
  const std::string suffix = "/" + directory->tenant().str() + "/v2.0";
  const std::string issued_at = issuer.ends_with(suffix) ? issuer.substr(0, issuer.size() - suffix.size()) : "";
  if (std::ranges::find(issuers_, issued_at) == issuers_.end()) return fail(foreign_issuer(jwt->claims));
  const VerifyKey* key = directory->verify_key(jwt->kid);
  if (key == nullptr || key->alg != jwt->alg || !jwt->signed_by(key->key))
    return fail(Code::token_invalid, "the access token's signature is not ours");
  if (jwt->typ != "at+jwt") return fail(Code::token_invalid, "this is no access token; an ID token, perhaps");
  HG_CHECK(check_times(jwt->claims, now));
  return Ours{jwt->claims, issued_at, key->name};
}

Result<Principal> Bearer::examine(std::string_view token, std::string_view base, Time now) const {
  HG_TRY(const auto ours, read(token, now));
  const std::string audience = text_in(ours.claims, "aud");
  if (!our_audience(audience, base) &&
      std::ranges::none_of(issuers_, [&](const auto& known) { return our_audience(audience, known); }))
    return fail(Code::wrong_audience,
                fmt::format("the access token is for {}; ask for one for api://heliograph", audience));
  // Its scopes were spelled for the listener that issued it, which may be another one.
  return principal_of(ours.claims, ours.issued_at, ours.key);
}

Result<Principal> Bearer::verify_assertion(std::string_view token, const Application& application, Time now) const {
  HG_TRY(const auto ours, read(token, now));
  const std::string audience = text_in(ours.claims, "aud");
  if (!equal_ignoring_case(audience, application.id.str()) && !equal_ignoring_case(audience, application.resource()))
    return fail(Code::wrong_audience, fmt::format("the assertion is for {}", audience));
  HG_TRY(Principal principal, principal_of(ours.claims, ours.issued_at, ours.key));
  if (principal.app_only) return fail(Code::token_invalid, "the assertion is of an application alone");
  HG_CHECK(still_good(principal, now));
  return principal;
}

Result<void> Bearer::still_good(const Principal& principal, Time now) const {
  if (principal.local_administrator) return {};
  if (principal.expires + kSkew <= now)
    return fail(Code::token_expired, fmt::format("the token expired at {}", iso(principal.expires)));
  const auto directory = registry_.directory();
  const Application* application = directory->application(principal.application);
  if (application == nullptr) return fail(Code::token_revoked, "the application is no longer registered");
  if (application->blocked) return fail(Code::application_blocked, "the application is blocked");
  if (!principal.app_only && directory->blocked(principal.user)) return fail(Code::user_blocked, "the user is blocked");
  if (!principal.app_only && directory->revoked(store::Revocation::Kind::user, principal.user.guid))
    return fail(Code::token_revoked, "the user is gone");
  if (!principal.session.zero() && directory->revoked(store::Revocation::Kind::session, principal.session))
    return fail(Code::token_revoked, "the session was ended");
  if (!principal.key.zero() && !directory->verifies_with(principal.key))
    return fail(Code::token_revoked, "the key that signed it has ended");
  if (!principal.token.zero() && directory->revoked(store::Revocation::Kind::token, principal.token))
    return fail(Code::token_revoked, "the token was revoked");
  if (!principal.family.zero() && directory->revoked(store::Revocation::Kind::family, principal.family))
    return fail(Code::token_revoked, "what it came of was revoked, or used twice");
  return {};
}

}  // namespace hg::identity
