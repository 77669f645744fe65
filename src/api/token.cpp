// The token endpoint (RFC 6749 §3.2).
#include <fmt/format.h>

#include "api/sign_in.h"

namespace hg::api::sign_in {

namespace {

// What clients of the retired platform look for in error_codes; the words are ours.
int error_number(std::string_view error) {
  if (error == "invalid_client") return 7000215;
  if (error == "invalid_grant") return 70008;
  if (error == "invalid_scope") return 70011;
  if (error == "unsupported_grant_type") return 70003;
  if (error == "unauthorized_client") return 700016;
  return 900144;
}

net::Response oauth_error(const Call& call, const identity::OAuthError& error) {
  const std::string at = iso(call.now);
  std::string out;
  JsonWriter writer(out);
  writer.object()
      .field("error", error.error)
      .field("error_description", error.description)
      .key("error_codes")
      .array()
      .value(error_number(error.error))
      .end();
  writer.field("timestamp", at.substr(0, 10) + " " + at.substr(11, 8) + "Z").field("trace_id", call.request_id);
  writer.field("correlation_id", call.client_request_id.empty() ? call.request_id : call.client_request_id).end();
  net::Response response = json_response(error.status, std::move(out));
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Pragma", "no-cache");
  if (error.status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"heliograph\"");
  return response;
}

net::Response issued_response(const identity::Issued& issued) {
  const std::int64_t life = identity::kAccessTokenLife.count() / 1000;
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
  net::Response response = json_response(200, std::move(out));
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Pragma", "no-cache");
  return response;
}

struct Credentials {
  std::string client_id;
  std::optional<std::string> secret;
};

// client_secret_basic or client_secret_post, never both (RFC 6749 §2.3).
identity::OAuthResult<Credentials> credentials(const Call& call, const Form& form) {
  Credentials found;
  if (const std::string* id = find(form, "client_id")) found.client_id = *id;
  if (const std::string* secret = find(form, "client_secret")) found.secret = *secret;
  const auto header = call.request.headers.find("Authorization");
  if (!header || !equal_ignoring_case(header->substr(0, 6), "Basic ")) return found;
  if (found.secret) return identity::oauth_fail("invalid_request", "the client authenticates in two ways at once");
  const auto decoded = from_base64(trim(header->substr(6)));
  const std::string_view pair = decoded ? as_text(*decoded) : std::string_view();
  const std::size_t colon = pair.find(':');
  if (colon == std::string_view::npos)
    return identity::oauth_fail("invalid_client", "the Authorization header cannot be read", 401);
  const auto id = percent_decode(pair.substr(0, colon), true);
  const auto secret = percent_decode(pair.substr(colon + 1), true);
  if (!id || !secret) return identity::oauth_fail("invalid_client", "the Authorization header cannot be read", 401);
  return Credentials{*id, *secret};
}

asio::awaitable<identity::OAuthResult<identity::Issued>> grant(Call& call, const Form& form,
                                                               const identity::Application& client) {
  const auto field = [&](std::string_view name) {
    const std::string* found = find(form, name);
    return found == nullptr ? std::string() : *found;
  };
  const std::string type = field("grant_type");
  if (type == "client_credentials") {
    auto asked = identity::parse_scopes(field("scope"), call.base);
    if (!asked) co_return std::unexpected(asked.error());
    co_return co_await call.services.issuer.client_credentials(call.base, client, *std::move(asked));
  }
  if (type == "authorization_code") {
    if (field("code").empty()) co_return identity::oauth_fail("invalid_request", "code is missing");
    co_return co_await call.services.issuer.redeem_code(call.base, client, field("code"), field("redirect_uri"),
                                                        field("code_verifier"));
  }
  if (type == "refresh_token") {
    if (field("refresh_token").empty()) co_return identity::oauth_fail("invalid_request", "refresh_token is missing");
    co_return co_await call.services.issuer.refresh(call.base, client, field("refresh_token"), field("scope"));
  }
  if (type.empty()) co_return identity::oauth_fail("invalid_request", "grant_type is missing");
  co_return identity::oauth_fail("unsupported_grant_type", fmt::format("the grant \"{}\" is not supported", type));
}

}  // namespace

Answer token(Call& call) {
  const std::string tenant = lower(call.param("tenant"));
  if (tenant != "common" && tenant != "organizations" && tenant != "consumers" &&
      tenant != call.services.registry.directory()->tenant().str())
    co_return oauth_error(
        call,
        {"invalid_request", fmt::format("there is no tenant {} here; common names the one there is", tenant), 400});
  const auto form = parse_form(call.request.body);
  if (!form)
    co_return oauth_error(call, {"invalid_request", "the body is no application/x-www-form-urlencoded form", 400});
  const auto given = credentials(call, *form);
  if (!given) co_return oauth_error(call, given.error());
  const auto client = call.services.issuer.authenticate(given->client_id, given->secret);
  if (!client) co_return oauth_error(call, client.error());
  const auto issued = co_await grant(call, *form, *client);
  co_return issued ? issued_response(*issued) : oauth_error(call, issued.error());
}

}  // namespace hg::api::sign_in
