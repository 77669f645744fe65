#include "identity/issuer.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "crypto/jwt.h"

namespace hg::identity {

namespace {

std::int64_t seconds(Time time) { return to_ms(time) / 1000; }

void add_user_claims(JsonWriter& writer, const store::User& user) {
  writer.field("oid", user.id).field("sub", user.id).field("name", user.display_name);
}

}  // namespace

std::string Issuer::issuer(std::string_view base) const {
  return fmt::format("{}/{}/v2.0", base, registry_.directory()->tenant().str());
}

std::string Issuer::access_token(const TokenRequest& request) const {
  const auto directory = registry_.directory();
  const Time now = clock_.now();
  std::string claims;
  JsonWriter writer(claims);
  writer.object()
      .field("iss", issuer(request.base))
      .field("aud", request.audience)
      .field("iat", seconds(now))
      .field("nbf", seconds(now));
  writer.field("exp", seconds(now + kAccessTokenLife))
      .field("jti", crypto::random_guid())
      .field("tid", directory->tenant());
  writer.field("appid", request.application).field("azp", request.application).field("ver", "2.0");
  if (!request.session.zero()) writer.field("sid", request.session);
  if (!request.family.zero()) writer.field("fam", request.family);
  if (request.user) {
    add_user_claims(writer, *request.user);
    writer.field("upn", request.user->upn).field("scp", request.scope);
  } else {
    writer.field("oid", request.application)
        .field("sub", request.application)
        .field("idtyp", "app")
        .key("roles")
        .array();
    if (request.roles.has(Scope::admin)) writer.value("Heliograph.Admin");
    if (request.roles.has(Scope::read)) writer.value("Heliograph.Read");
    writer.end();
  }
  writer.end();
  return crypto::sign_jwt(directory->signing_key(), directory->signing_kid(), "at+jwt", claims);
}

std::string Issuer::id_token(const TokenRequest& request, std::string_view nonce) const {
  const auto directory = registry_.directory();
  const Time now = clock_.now();
  std::string claims;
  JsonWriter writer(claims);
  writer.object()
      .field("iss", issuer(request.base))
      .field("aud", request.application)
      .field("iat", seconds(now))
      .field("nbf", seconds(now));
  writer.field("exp", seconds(now + kAccessTokenLife)).field("tid", directory->tenant()).field("ver", "2.0");
  add_user_claims(writer, *request.user);
  writer.field("preferred_username", request.user->upn);
  if (!request.user->mail.empty()) writer.field("email", request.user->mail);
  if (!nonce.empty()) writer.field("nonce", nonce);
  if (request.signed_in_at) writer.field("auth_time", seconds(*request.signed_in_at));
  if (!request.session.zero()) writer.field("sid", request.session);
  writer.end();
  return crypto::sign_jwt(directory->signing_key(), directory->signing_kid(), "JWT", claims);
}

OAuthResult<Issued> Issuer::client_credentials(std::string base, const Client& client, const Asked& asked) const {
  if (!client.application.confidential)
    return oauth_fail("unauthorized_client", "a public client cannot have a token of its own; sign a user in");
  if (!client.proven)
    return oauth_fail("invalid_client", "a token of the application's own needs its secret or certificate", 401);
  if (!asked.foreign.empty())
    return oauth_fail("invalid_scope", fmt::format("{} takes tokens of users only, or is not known", asked.foreign));
  TokenRequest request;
  request.base = std::move(base);
  request.application = client.application.id;
  request.audience = asked.audience;
  request.scope = asked.spelling;
  request.roles = client.application.allowed;
  return Issued{.access_token = access_token(request),
                .refresh_token = "",
                .id_token = "",
                .client_info = "",
                .scope = request.scope};
}

}  // namespace hg::identity
