#include "api/client_auth.h"

#include <fmt/format.h>

#include "api/form.h"

namespace hg::api {

namespace {

using identity::oauth_fail;

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

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

bool shows_basic(const Call& call) {
  const auto header = call.request.headers.find("Authorization");
  return header && equal_ignoring_case(header->substr(0, 6), "Basic ");
}

identity::OAuthResult<Credentials> credentials(const Call& call, const Form& form) {
  Credentials posted{text_of(form, "client_id"), std::nullopt};
  if (const std::string* secret = find(form, "client_secret")) posted.secret = *secret;
  if (!shows_basic(call)) {
    if (posted.client_id.empty()) return oauth_fail("invalid_request", "client_id is missing");
    return posted;
  }
  if (posted.secret) return oauth_fail("invalid_request", "the client authenticates in two ways at once");
  auto basic = basic_credentials(call.request.headers.find("Authorization")->substr(6));
  if (basic && !posted.client_id.empty() && !equal_ignoring_case(posted.client_id, basic->client_id))
    return oauth_fail("invalid_request", "client_id is not the one of the Authorization header");
  return basic;
}

// Whom an assertion may be made out to: the issuer, and the token endpoint by each name that discovery or the request
// has given it.
std::vector<std::string> audiences(const Call& call) {
  std::vector<std::string> all{call.services.issuer.issuer(call.base)};
  for (const std::string& tenant :
       {call.services.registry.directory()->tenant().str(), std::string(call.param("tenant"))}) {
    for (const std::string_view version : {"/oauth2/v2.0/token", "/oauth2/token"})
      all.push_back(fmt::format("{}/{}{}", call.base, tenant, version));
  }
  return all;
}

asio::awaitable<identity::OAuthResult<identity::Client>> known_client(Call& call, const Form& form) {
  identity::Issuer& issuer = call.services.issuer;
  const std::string assertion = text_of(form, "client_assertion");
  if (assertion.empty()) {
    const auto given = credentials(call, form);
    if (!given) co_return std::unexpected(given.error());
    co_return issuer.authenticate(given->client_id, given->secret);
  }
  if (shows_basic(call) || find(form, "client_secret") != nullptr)
    co_return oauth_fail("invalid_request", "the client authenticates in two ways at once");
  if (text_of(form, "client_assertion_type") != kJwtBearer)
    co_return oauth_fail("invalid_request", fmt::format("client_assertion_type is {}", kJwtBearer));
  co_return co_await issuer.authenticate_by_assertion(text_of(form, "client_id"), assertion, audiences(call));
}

// Anybody can name a public client, and guess at the secret of another.
identity::OAuthResult<void> count_by_address(Call& call) {
  if (call.services.allowance == nullptr) return {};
  const auto from = neighbourhood(call.request, call.services.settings.proxies);
  const auto counted = call.services.allowance->take(from, call.now);
  if (counted) return {};
  call.headers.set("Retry-After",
                   std::to_string(counted.error().retry_after.value_or(std::chrono::seconds(1)).count()));
  return oauth_fail("temporarily_unavailable", counted.error().message, 429);
}

}  // namespace

identity::OAuthResult<Form> read_form(const Call& call) {
  auto form = parse_form(call.request.body);
  if (!form) return oauth_fail("invalid_request", "the body is no application/x-www-form-urlencoded form");
  if (repeats_a_name(*form)) return oauth_fail("invalid_request", "a parameter is repeated");
  return *std::move(form);
}

asio::awaitable<identity::OAuthResult<identity::Client>> authenticate_client(Call& call, const Form& form) {
  auto client = co_await known_client(call, form);
  if (client && client->proven) co_return client;
  if (const auto counted = count_by_address(call); !counted) co_return std::unexpected(counted.error());
  co_return client;
}

}  // namespace hg::api
