#include "identity/external.h"

#include <fmt/format.h>

#include <algorithm>

#include "identity/claims.h"
#include "identity/lifetimes.h"
#include "identity/token_times.h"

namespace hg::identity {

namespace {

constexpr std::string_view kGraph[] = {"00000003-0000-0000-c000-000000000000", "https://graph.microsoft.com"};

std::unexpected<Error> no_token(std::string why) { return fail(Code::token_invalid, std::move(why)); }

// OpenID Connect Core §2, and how Keycloak and others mark what is an access token and what is none.
bool is_id_token(const crypto::Jwt& jwt) {
  const std::string marked = lower(text_in(jwt.claims, "typ"));
  if (marked == "bearer") return false;
  const std::string use = text_in(jwt.claims, "token_use");
  return jwt.claims.contains("nonce") || jwt.claims.contains("at_hash") || jwt.claims.contains("c_hash") ||
         marked == "id" || marked == "refresh" || marked == "offline" || use == "id";
}

std::string client_of(const json::object& claims) {
  for (const char* name : {"azp", "appid", "client_id"})
    if (std::string client = text_in(claims, name); !client.empty()) return client;
  return "";
}

// An application by itself has no user; each issuer says so in its own way.
bool is_app_only(const json::object& claims, const std::string& client) {
  const std::string subject = text_in(claims, "sub");
  return text_in(claims, "idtyp") == "app" || text_in(claims, "gty") == "client-credentials" || subject.empty() ||
         subject == client || text_in(claims, "preferred_username") == "service-account-" + client;
}

// `scp` or `scope`, a text or a list; what it names beside ours is its own business.
Scopes scopes_of(const json::object& claims) {
  std::string all = text_in(claims, "scp") + " " + text_in(claims, "scope");
  for (const char* name : {"scp", "scope"})
    if (const auto* list = claims.if_contains(name); list != nullptr && list->is_array())
      for (const auto& one : list->get_array())
        if (one.is_string()) all += " " + std::string(one.get_string());
  Scopes scopes;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (const auto asked = parse_scopes(rest.substr(0, end), "")) scopes.add(asked->scopes);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return scopes;
}

const Application* application_of(const Directory& directory, const std::string& issuer, const std::string& client) {
  const std::pair identity(issuer, client);
  for (const auto& [id, application] : directory.applications())
    if (std::ranges::find(application.external_identities, identity) != application.external_identities.end())
      return &application;
  return nullptr;
}

Result<void> check_audience(const json::object& claims, const std::string& ours) {
  const auto named = audiences_in(claims);
  if (std::ranges::find(named, ours) != named.end()) return {};
  const std::string first = named.empty() ? "nobody" : named.front();
  if (std::ranges::any_of(kGraph, [&](std::string_view graph) { return first.starts_with(graph); }))
    return fail(Code::wrong_audience,
                fmt::format("only Microsoft can verify tokens for Microsoft Graph; ask for one for {}", ours));
  return fail(Code::wrong_audience, fmt::format("the access token is for {}; ask for one for {}", first, ours));
}

}  // namespace

Result<ExternalIssuer> parse_external_issuer(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::property_invalid, fmt::format("the external issuer \"{}\" {}", text, why));
  };
  ExternalIssuer made;
  for (std::string_view rest = trim(text); !rest.empty(); rest = trim(rest)) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (made.issuer.empty()) {
      made.issuer = word;
      continue;
    }
    const std::string_view name = word.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : word.substr(equals + 1));
    if (value.empty()) return wrong(fmt::format("says nothing of {}", name));
    if (name == "users" && value != "create" && value != "known") return wrong("has users other than create or known");
    if (name == "users")
      made.create_users = value == "create";
    else if (name == "audience")
      made.audience = value;
    else if (name == "upn")
      made.upn_claim = value;
    else if (name == "name")
      made.name_claim = value;
    else if (name == "mail")
      made.mail_claim = value;
    else
      return wrong(fmt::format("has a {}; it may have audience, users, upn, name and mail", name));
  }
  if (!made.issuer.starts_with("https://")) return wrong("is no https URL");
  if (made.audience.empty()) return wrong("has no audience");
  return made;
}

ExternalIssuers::ExternalIssuers(asio::any_io_executor loop, std::vector<ExternalIssuer> issuers, Fetch fetch,
                                 Registry& registry, const Clock& clock)
    : registry_(registry), clock_(clock) {
  for (ExternalIssuer& issuer : issuers) {
    auto keys = std::make_unique<ExternalKeys>(loop, issuer.issuer, fetch, clock);
    issuers_.push_back({std::move(issuer), std::move(keys)});
  }
}

asio::awaitable<Result<Principal>> ExternalIssuers::admit(std::string token) {
  const auto jwt = crypto::parse_jwt(token);
  if (!jwt) co_return no_token("the access token cannot be read");
  const std::string issuer = text_in(jwt->claims, "iss");
  const auto found = std::ranges::find(issuers_, issuer, [](const One& one) { return one.issuer.issuer; });
  if (found == issuers_.end())
    co_return fail(Code::issuer_unknown, "the access token is of an issuer that is not trusted here");
  const ExternalIssuer& trusted = found->issuer;
  HG_CO_CHECK(check_audience(jwt->claims, trusted.audience));
  HG_CO_TRY(const auto key, co_await found->keys->find(jwt->kid, jwt->alg));
  if (!jwt->signed_by(key)) co_return no_token("the access token's signature is not its issuer's");
  if (is_id_token(*jwt)) co_return no_token("this is no access token; an ID token, perhaps");
  HG_CO_CHECK(check_times(jwt->claims, clock_.now()));

  const std::string client = client_of(jwt->claims);
  const auto directory = registry_.directory();
  const Application* application = application_of(*directory, issuer, client);
  if (application == nullptr)
    co_return no_token(fmt::format("no application here goes by {} at {}", client.substr(0, 100), issuer));
  Principal principal;
  principal.application = application->id;
  principal.app_only = is_app_only(jwt->claims, client);
  principal.expires = *time_in(jwt->claims, "exp");
  if (principal.app_only) co_return principal;
  principal.scopes = scopes_of(jwt->claims);
  if (principal.scopes.permissions().empty())
    co_return fail(
        Code::scope_missing,
        "the token has no scope of this server's in scp or scope; one of an application by itself says so by "
        "idtyp: \"app\"");
  const ExternalUser user{.issuer = issuer,
                          .subject = text_in(jwt->claims, "sub"),
                          .upn = text_in(jwt->claims, trusted.upn_claim),
                          .name = text_in(jwt->claims, trusted.name_claim),
                          .mail = text_in(jwt->claims, trusted.mail_claim)};
  HG_CO_TRY(const auto known, co_await registry_.admit_external_user(user, trusted.create_users));
  principal.user = known.id;
  if (!known.admin) principal.scopes.drop_administrative();
  co_return principal;
}

}  // namespace hg::identity
