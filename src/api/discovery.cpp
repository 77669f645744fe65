// What clients learn of the issuer: OpenID Connect Discovery 1.0, RFC 8414, and its keys (RFC 7517).
#include <fmt/format.h>

#include "api/oauth.h"
#include "api/sign_in.h"

namespace hg::api::sign_in {

namespace {

net::Response public_json(std::string body) {
  net::Response response = json_response(200, std::move(body));
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Cache-Control", "public, max-age=300");
  return response;
}

}  // namespace

Answer discovery(Call& call) {
  // At the root, where OpenID's own form is asked for, there is one tenant.
  if (const auto tenant = check_tenant(call); !call.param("tenant").empty() && !tenant)
    co_return oauth_error(call, tenant.error());
  const std::string root = fmt::format("{}/{}", call.base, call.services.registry.directory()->tenant().str());
  const std::string oauth = root + "/oauth2/v2.0";
  std::string out;
  JsonWriter writer(out);
  const auto list = [&](std::string_view name, std::initializer_list<std::string_view> values) {
    writer.key(name).array();
    for (const std::string_view value : values) writer.value(value);
    writer.end();
  };
  writer.object()
      .field("issuer", call.services.issuer.issuer(call.base))
      .field("authorization_endpoint", oauth + "/authorize")
      .field("token_endpoint", oauth + "/token")
      .field("jwks_uri", root + "/discovery/v2.0/keys")
      .field("userinfo_endpoint", call.base + "/oidc/userinfo")
      .field("device_authorization_endpoint", oauth + "/devicecode")
      .field("revocation_endpoint", oauth + "/revoke")
      .field("end_session_endpoint", oauth + "/logout");
  list("response_types_supported", {"code"});
  list("response_modes_supported", {"query", "fragment", "form_post"});
  list("grant_types_supported",
       {"authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code"});
  list("subject_types_supported", {"public"});
  writer.key("id_token_signing_alg_values_supported").array();
  for (const std::string_view one : call.services.registry.directory()->signing_algorithms()) writer.value(one);
  writer.end();
  for (const std::string_view endpoint : {"token_endpoint", "revocation_endpoint"}) {
    list(fmt::format("{}_auth_methods_supported", endpoint),
         {"client_secret_post", "client_secret_basic", "private_key_jwt", "none"});
    list(fmt::format("{}_auth_signing_alg_values_supported", endpoint), {"RS256", "PS256", "ES256"});
  }
  list("code_challenge_methods_supported", {"S256"});
  list("prompt_values_supported", {"none", "login", "select_account", "consent"});
  list("scopes_supported",
       {"openid", "profile", "email", "offline_access", "User.Read", "Notifications.ReadWrite.CreatedByApp",
        "UserActivity.ReadWrite.CreatedByApp", "Heliograph.Admin", "Heliograph.Read"});
  list("claims_supported", {"iss", "sub", "aud", "exp", "iat", "auth_time", "oid", "tid", "sid", "nonce", "name",
                            "preferred_username", "email"});
  writer.field("request_parameter_supported", false)
      .field("request_uri_parameter_supported", false)
      .field("authorization_response_iss_parameter_supported", true)
      .end();
  co_return public_json(std::move(out));
}

Answer instance(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  const std::string host = call.base.substr(call.base.find("://") + 3);
  std::string out;
  JsonWriter(out)
      .object()
      .field("tenant_discovery_endpoint", fmt::format("{}/{}/v2.0/.well-known/openid-configuration", call.base,
                                                      call.services.registry.directory()->tenant().str()))
      .field("api-version", "1.1")
      .key("metadata")
      .array()
      .object()
      .field("preferred_network", host)
      .field("preferred_cache", host)
      .key("aliases")
      .array()
      .value(host)
      .end()
      .end()
      .end()
      .end();
  co_return public_json(std::move(out));
}

Answer keys(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  co_return public_json(call.services.registry.directory()->jwks());
}

}  // namespace hg::api::sign_in
