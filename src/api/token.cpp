// The token endpoint (RFC 6749 §3.2), the end of tokens (RFC 7009), and the start of the device grant (RFC 8628 §3.1).
#include <fmt/format.h>

#include "api/client_auth.h"
#include "api/form.h"
#include "api/oauth.h"
#include "api/sign_in.h"
#include "identity/resources.h"

namespace hg::api::sign_in {

namespace {

using identity::oauth_fail;
using Granted = asio::awaitable<identity::OAuthResult<identity::Issued>>;

constexpr std::size_t kLongestType = 100;  // of what an error repeats

// The retired platform's first version: `resource` in place of `scope`, numbers as texts.
enum class Version : std::uint8_t { v1, v2 };

void write_common(JsonWriter& writer, const identity::Issued& issued) {
  writer.field("access_token", issued.access_token);
  if (!issued.scope.empty()) writer.field("scope", issued.scope);
  if (!issued.refresh_token.empty()) writer.field("refresh_token", issued.refresh_token);
  if (!issued.id_token.empty()) writer.field("id_token", issued.id_token);
  if (!issued.client_info.empty()) writer.field("client_info", issued.client_info);
}

net::Response issued_response(const identity::Issued& issued) {
  const std::int64_t life = identity::kAccessTokenLife / std::chrono::seconds(1);
  std::string out;
  JsonWriter writer(out);
  writer.object().field("token_type", "Bearer").field("expires_in", life).field("ext_expires_in", life);
  write_common(writer, issued);
  writer.end();
  return fleeting_json(200, std::move(out));
}

net::Response issued_v1_response(const Call& call, const Form& form, const identity::Issued& issued) {
  const std::int64_t life = identity::kAccessTokenLife / std::chrono::seconds(1);
  const std::int64_t now = to_ms(call.now) / 1000;
  std::string out;
  JsonWriter writer(out);
  writer.object().field("token_type", "Bearer");
  for (const auto& [name, number] : {std::pair("expires_in", life), std::pair("ext_expires_in", life),
                                     std::pair("not_before", now), std::pair("expires_on", now + life)})
    writer.field(name, std::to_string(number));
  if (const std::string* resource = find(form, "resource")) writer.field("resource", *resource);
  write_common(writer, issued);
  writer.end();
  return fleeting_json(200, std::move(out));
}

// In the first version the resource names all that may be had of it.
std::string asked_scope(const Form& form, Version version) {
  std::string scope = text_of(form, "scope");
  const std::string resource = text_of(form, "resource");
  if (version == Version::v2 || resource.empty()) return scope;
  return fmt::format("{}/.default{}{}", resource, scope.empty() ? "" : " ", scope);
}

Granted by_code(Call& call, const Form& form, const identity::Client& client) {
  identity::CodeExchange sent{.base = call.base,
                              .code = text_of(form, "code"),
                              .redirect_uri = text_of(form, "redirect_uri"),
                              .verifier = text_of(form, "code_verifier")};
  if (sent.code.empty()) co_return oauth_fail("invalid_request", "code is missing");
  co_return co_await call.services.issuer.redeem_code(client, std::move(sent));
}

Granted by_refresh_token(Call& call, const Form& form, const identity::Client& client, Version version) {
  identity::RefreshExchange sent{
      .base = call.base, .token = text_of(form, "refresh_token"), .scope = asked_scope(form, version)};
  if (sent.token.empty()) co_return oauth_fail("invalid_request", "refresh_token is missing");
  co_return co_await call.services.issuer.refresh(client, std::move(sent));
}

Granted by_device_code(Call& call, const Form& form, const identity::Client& client) {
  const std::string code = text_of(form, "device_code");
  if (code.empty()) co_return oauth_fail("invalid_request", "device_code is missing");
  co_return co_await call.services.issuer.redeem_device(client, call.base, code);
}

Granted on_behalf_of(Call& call, const Form& form, const identity::Client& client, Version version) {
  if (text_of(form, "requested_token_use") != "on_behalf_of")
    co_return oauth_fail("invalid_request", "requested_token_use is on_behalf_of");
  const std::string assertion = text_of(form, "assertion");
  if (assertion.empty()) co_return oauth_fail("invalid_request", "assertion is missing");
  if (!client.proven)
    co_return oauth_fail("invalid_client", "to act on behalf of users a client shows its secret or certificate", 401);
  auto asked = identity::parse_scopes(asked_scope(form, version), call.base);
  if (!asked) co_return std::unexpected(asked.error());
  const auto from = call.here.bearer.verify_assertion(assertion, client.application, call.now);
  if (!from) co_return oauth_fail("invalid_grant", "the assertion does not serve: " + from.error().message);
  co_return co_await call.services.issuer.on_behalf_of(client, call.base, *from, *std::move(asked));
}

Granted grant(Call& call, const Form& form, const identity::Client& client, Version version) {
  const std::string type = text_of(form, "grant_type");
  if (type == "client_credentials") {
    const auto asked = identity::parse_scopes(asked_scope(form, version), call.base);
    if (!asked) co_return std::unexpected(asked.error());
    co_return call.services.issuer.client_credentials(call.base, client, *asked);
  }
  if (type == "authorization_code") co_return co_await by_code(call, form, client);
  if (type == "refresh_token") co_return co_await by_refresh_token(call, form, client, version);
  if (type == "urn:ietf:params:oauth:grant-type:jwt-bearer")
    co_return co_await on_behalf_of(call, form, client, version);
  // MSAL says it without the name space.
  if (type == "urn:ietf:params:oauth:grant-type:device_code" || type == "device_code")
    co_return co_await by_device_code(call, form, client);
  if (type.empty()) co_return oauth_fail("invalid_request", "grant_type is missing");
  co_return oauth_fail("unsupported_grant_type",
                       fmt::format("the grant {} is not supported", type.substr(0, kLongestType)));
}

Answer answer(Call& call, Version version) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  const auto form = read_form(call);
  if (!form) co_return oauth_error(call, form.error());
  const auto client = co_await authenticate_client(call, *form);
  if (!client) co_return oauth_error(call, client.error());
  const auto issued = co_await grant(call, *form, *client, version);
  if (!issued) co_return oauth_error(call, issued.error());
  co_return version == Version::v1 ? issued_v1_response(call, *form, *issued) : issued_response(*issued);
}

// What a device may ask for.
identity::OAuthResult<identity::Asked> device_scopes(const Call& call, const Form& form,
                                                     const identity::Client& client) {
  auto asked = identity::parse_scopes(text_of(form, "scope"), call.base);
  if (!asked) return asked;
  const auto directory = call.services.registry.directory();
  if (const auto found = identity::find_resource(*asked, *directory); !found) return std::unexpected(found.error());
  if (const auto allowed = identity::check_allowed(*asked, client.application); !allowed)
    return std::unexpected(allowed.error());
  return asked;
}

}  // namespace

Answer token(Call& call) { return answer(call, Version::v2); }
Answer token_v1(Call& call) { return answer(call, Version::v1); }

Answer revoke(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  const auto form = read_form(call);
  if (!form) co_return oauth_error(call, form.error());
  const std::string token = text_of(*form, "token");
  if (token.empty()) co_return oauth_error(call, oauth_fail("invalid_request", "token is missing").error());
  const auto client = co_await authenticate_client(call, *form);
  if (!client) co_return oauth_error(call, client.error());
  const auto revoked = co_await call.services.issuer.revoke_token(*client, token);
  co_return revoked ? fleeting_json(200, "{}") : oauth_error(call, revoked.error());
}

Answer device_code(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  const auto form = read_form(call);
  if (!form) co_return oauth_error(call, form.error());
  const auto client = co_await authenticate_client(call, *form);
  if (!client) co_return oauth_error(call, client.error());
  auto asked = device_scopes(call, *form, *client);
  if (!asked) co_return oauth_error(call, asked.error());
  const auto begun = co_await call.services.issuer.begin_device(*client, *std::move(asked));
  const std::string page = call.base + "/device";
  std::string out;
  JsonWriter(out)
      .object()
      .field("device_code", begun.device_code)
      .field("user_code", begun.user_code)
      .field("verification_uri", page)
      .field("verification_uri_complete", page + "?user_code=" + begun.user_code)
      .field("expires_in", static_cast<std::int64_t>(identity::kDeviceCodeLife / std::chrono::seconds(1)))
      .field("interval", static_cast<std::int64_t>(identity::kDevicePoll / std::chrono::seconds(1)))
      .field("message", fmt::format("To sign in, open {} in a browser and enter the code {}", page, begun.user_code))
      .end();
  co_return fleeting_json(200, std::move(out));
}

}  // namespace hg::api::sign_in
