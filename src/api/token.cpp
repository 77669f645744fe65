// The token endpoint (RFC 6749 §3.2).
#include <fmt/format.h>

#include "api/form.h"
#include "api/oauth.h"
#include "api/sign_in.h"

namespace hg::api::sign_in {

namespace {

using identity::oauth_fail;

net::Response issued_response(const identity::Issued& issued) {
  const std::int64_t life = identity::kAccessTokenLife / std::chrono::seconds(1);
  std::string out;
  JsonWriter writer(out);
  writer.object()
      .field("token_type", "Bearer")
      .field("expires_in", life)
      .field("ext_expires_in", life)
      .field("access_token", issued.access_token);
  if (!issued.scope.empty()) writer.field("scope", issued.scope);
  if (!issued.refresh_token.empty()) writer.field("refresh_token", issued.refresh_token);
  if (!issued.id_token.empty()) writer.field("id_token", issued.id_token);
  if (!issued.client_info.empty()) writer.field("client_info", issued.client_info);
  writer.end();
  return fleeting_json(200, std::move(out));
}

struct Credentials {
  std::string client_id;
  std::optional<std::string> secret;
};

identity::OAuthResult<Credentials> basic_credentials(std::string_view encoded) {
  const auto decoded = from_base64(trim(encoded));
  const std::string_view pair = decoded ? as_text(*decoded) : std::string_view();
  const std::size_t colon = pair.find(':');
  const auto id = percent_decode(pair.substr(0, std::min(colon, pair.size())), true);
  const auto secret = colon == std::string_view::npos ? std::nullopt : percent_decode(pair.substr(colon + 1), true);
  if (!id || !secret) return oauth_fail("invalid_client", "the Authorization header cannot be read", 401);
  return Credentials{*id, *secret};
}

// client_secret_basic or client_secret_post, never both (RFC 6749 §2.3).
identity::OAuthResult<Credentials> credentials(const Call& call, const Form& form) {
  Credentials posted{text_of(form, "client_id"), std::nullopt};
  if (const std::string* secret = find(form, "client_secret")) posted.secret = *secret;
  const auto header = call.request.headers.find("Authorization");
  if (!header || !equal_ignoring_case(header->substr(0, 6), "Basic ")) {
    if (posted.client_id.empty()) return oauth_fail("invalid_request", "client_id is missing");
    return posted;
  }
  if (posted.secret) return oauth_fail("invalid_request", "the client authenticates in two ways at once");
  auto basic = basic_credentials(header->substr(6));
  if (basic && !posted.client_id.empty() && !equal_ignoring_case(posted.client_id, basic->client_id))
    return oauth_fail("invalid_request", "client_id is not the one of the Authorization header");
  return basic;
}

asio::awaitable<identity::OAuthResult<identity::Issued>> grant(Call& call, const Form& form,
                                                               const identity::Client& client) {
  const std::string type = text_of(form, "grant_type");
  identity::Issuer& issuer = call.services.issuer;
  if (type == "client_credentials") {
    const auto asked = identity::parse_scopes(text_of(form, "scope"), call.base);
    if (!asked) co_return std::unexpected(asked.error());
    co_return issuer.client_credentials(call.base, client, *asked);
  }
  if (type == "authorization_code") {
    identity::CodeExchange sent{.base = call.base,
                                .code = text_of(form, "code"),
                                .redirect_uri = text_of(form, "redirect_uri"),
                                .verifier = text_of(form, "code_verifier")};
    if (sent.code.empty()) co_return oauth_fail("invalid_request", "code is missing");
    co_return co_await issuer.redeem_code(client, std::move(sent));
  }
  if (type == "refresh_token") {
    identity::RefreshExchange sent{
        .base = call.base, .token = text_of(form, "refresh_token"), .scope = text_of(form, "scope")};
    if (sent.token.empty()) co_return oauth_fail("invalid_request", "refresh_token is missing");
    co_return co_await issuer.refresh(client, std::move(sent));
  }
  if (type.empty()) co_return oauth_fail("invalid_request", "grant_type is missing");
  co_return oauth_fail("unsupported_grant_type", fmt::format("the grant {} is not supported", type.substr(0, 100)));
}

identity::OAuthResult<Form> read_form(const Call& call) {
  auto form = parse_form(call.request.body);
  if (!form) return oauth_fail("invalid_request", "the body is no application/x-www-form-urlencoded form");
  if (repeats_a_name(*form)) return oauth_fail("invalid_request", "a parameter is repeated");
  return *std::move(form);
}

}  // namespace

Answer token(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return oauth_error(call, tenant.error());
  const auto form = read_form(call);
  if (!form) co_return oauth_error(call, form.error());
  const auto given = credentials(call, *form);
  if (!given) co_return oauth_error(call, given.error());
  const auto client = call.services.issuer.authenticate(given->client_id, given->secret);
  if (!client) co_return oauth_error(call, client.error());
  const auto issued = co_await grant(call, *form, *client);
  co_return issued ? issued_response(*issued) : oauth_error(call, issued.error());
}

}  // namespace hg::api::sign_in
