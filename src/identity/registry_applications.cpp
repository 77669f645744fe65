// The registry's application registrations.
#include <fmt/format.h>

#include <set>

#include "crypto/hash.h"
#include "identity/change.h"
#include "identity/redirect_uri.h"
#include "identity/scopes.h"

namespace hg::identity {

namespace {

constexpr std::size_t kHint = 4;
constexpr std::size_t kLongestUri = 255;
constexpr std::size_t kLongestScope = 120;

Result<void> check_name(const std::string& text) {
  if (text.empty() || code_points(text) > kLongestApplicationName)
    return fail(Code::property_invalid, "displayName has 1 to 120 characters", "/displayName");
  return {};
}

Result<void> check_scopes(const std::vector<std::string>& scopes) {
  for (const std::string& scope : scopes)
    if (const auto known = parse_scopes(scope, ""); !known)
      return fail(Code::property_invalid, known.error().description, "/allowedScopes");
  return {};
}

constexpr std::int64_t kMostCalls = 100'000'000;

Result<void> check_limit(const std::optional<std::optional<std::int64_t>>& wanted, std::string_view name) {
  if (!wanted || !*wanted || (**wanted >= 0 && **wanted <= kMostCalls)) return {};
  return fail(Code::property_invalid,
              fmt::format("{} is 0 (any number) to {}, or null (as configured)", name, kMostCalls),
              fmt::format("/{}", name));
}

// The App ID URI names the API in scopes, before a slash and the scope's name.
Result<void> check_api(const std::string& uri, const std::vector<std::string>& scopes) {
  const bool of_a_kind = uri.starts_with("api://") || uri.starts_with("https://");
  const std::size_t host = uri.find("://") + 3;
  if (!uri.empty() && (!of_a_kind || uri.size() <= host || uri.size() > kLongestUri || uri.ends_with('/') ||
                       uri.find_first_of(" \t\r\n\"<>?#") != std::string::npos))
    return fail(
        Code::property_invalid,
        fmt::format("appIdUri is \"{}\"; it is api://NAME or https://HOST/PATH, without a slash at its end", uri),
        "/appIdUri");
  if (our_audience(uri, ""))
    return fail(Code::property_invalid, fmt::format("appIdUri is {}, which names this server itself", uri),
                "/appIdUri");
  for (const std::string& scope : scopes)
    if (scope.empty() || scope.size() > kLongestScope || scope.find_first_of(" \t\r\n\"/\\") != std::string::npos ||
        equal_ignoring_case(scope, ".default"))
      return fail(
          Code::property_invalid,
          fmt::format("exposedScopes has \"{}\"; a scope has 1 to {} characters without spaces, slashes and quotes",
                      scope, kLongestScope),
          "/exposedScopes");
  return {};
}

// Two applications of one URI would be each other's.
Result<void> check_uri_is_free(store::Connection& tx, const ApplicationId& id, const std::string& uri) {
  if (uri.empty()) return {};
  for (const store::Application& other : store::applications::list(tx)) {
    if (other.id == id) continue;
    if (equal_ignoring_case(other.app_id_uri, uri) || equal_ignoring_case("api://" + other.id.str(), uri))
      return fail(Code::conflict, fmt::format("{} is the App ID URI of {}", uri, other.name), "/appIdUri");
  }
  return {};
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += fmt::format("{}{}", all.empty() ? "" : " ", text);
  return all;
}

std::string said(std::optional<std::int64_t> limit) { return limit ? std::to_string(*limit) : "as configured"; }

std::vector<std::pair<std::string, std::string>> changed(const ApplicationChange& wanted) {
  std::vector<std::pair<std::string, std::string>> detail;
  if (wanted.name) detail.emplace_back("displayName", *wanted.name);
  if (wanted.app_id_uri) detail.emplace_back("appIdUri", *wanted.app_id_uri);
  if (wanted.scopes) detail.emplace_back("allowedScopes", joined(*wanted.scopes));
  if (wanted.exposed_scopes) detail.emplace_back("exposedScopes", joined(*wanted.exposed_scopes));
  if (wanted.pkce_optional) detail.emplace_back("pkceOptional", *wanted.pkce_optional ? "true" : "false");
  if (wanted.trusted) detail.emplace_back("trusted", *wanted.trusted ? "true" : "false");
  if (wanted.calls) detail.emplace_back("callsPerMinute", said(*wanted.calls));
  if (wanted.user_calls) detail.emplace_back("userCallsPerMinute", said(*wanted.user_calls));
  return detail;
}

}  // namespace

asio::awaitable<Result<ApplicationId>> Registry::add_application(Actor actor, NewApplication wanted) {
  HG_CO_CHECK(check_name(wanted.name));
  HG_CO_CHECK(check_scopes(wanted.scopes));
  HG_CO_CHECK(check_api(wanted.app_id_uri, wanted.exposed_scopes));
  std::set<std::string> seen;
  for (const auto& [kind, uri] : wanted.redirect_uris) {
    HG_CO_CHECK(check_redirect_uri(kind, uri));
    if (!seen.insert(uri).second)
      co_return fail(Code::property_invalid, fmt::format("the redirect URI {} is named twice", uri), "/redirectUris");
  }
  const ApplicationId id = wanted.id.value_or(ApplicationId{crypto::random_guid()});
  co_return co_await change<ApplicationId>(actor, {"application.add", id.str(), {{"displayName", wanted.name}}},
                                           [&](store::Connection& tx) -> Result<ApplicationId> {
                                             store::Application made;
                                             made.id = id;
                                             made.name = wanted.name;
                                             made.confidential = wanted.confidential;
                                             made.created_at = clock_.now();
                                             made.redirect_uris = wanted.redirect_uris;
                                             made.scopes = wanted.scopes;
                                             made.exposed_scopes = wanted.exposed_scopes;
                                             made.app_id_uri = wanted.app_id_uri;
                                             made.trusted = wanted.trusted;
                                             HG_CHECK(check_uri_is_free(tx, id, made.app_id_uri));
                                             HG_CHECK(store::applications::insert(tx, made));
                                             return id;
                                           });
}

asio::awaitable<Result<void>> Registry::change_application(Actor actor, ApplicationId id, ApplicationChange wanted) {
  if (wanted.name) HG_CO_CHECK(check_name(*wanted.name));
  if (wanted.scopes) HG_CO_CHECK(check_scopes(*wanted.scopes));
  HG_CO_CHECK(check_api(wanted.app_id_uri.value_or(""), wanted.exposed_scopes.value_or(std::vector<std::string>{})));
  HG_CO_CHECK(check_limit(wanted.calls, "callsPerMinute"));
  HG_CO_CHECK(check_limit(wanted.user_calls, "userCallsPerMinute"));
  const std::string action =
      wanted.blocked ? (*wanted.blocked ? "application.block" : "application.unblock") : "application.change";
  co_return co_await change<void>(actor, {action, id.str(), changed(wanted)},
                                  [&](store::Connection& tx) -> Result<void> {
                                    HG_TRY(auto application, existing_application(tx, id));
                                    if (wanted.name) application.name = *wanted.name;
                                    if (wanted.app_id_uri) application.app_id_uri = *wanted.app_id_uri;
                                    if (wanted.scopes) application.scopes = *wanted.scopes;
                                    if (wanted.exposed_scopes) application.exposed_scopes = *wanted.exposed_scopes;
                                    if (wanted.blocked) application.blocked = *wanted.blocked;
                                    if (wanted.pkce_optional) application.pkce_optional = *wanted.pkce_optional;
                                    if (wanted.trusted) application.trusted = *wanted.trusted;
                                    if (wanted.calls) application.calls = *wanted.calls;
                                    if (wanted.user_calls) application.user_calls = *wanted.user_calls;
                                    HG_CHECK(check_uri_is_free(tx, id, wanted.app_id_uri.value_or("")));
                                    return store::applications::update(tx, application);
                                  });
}

asio::awaitable<Result<void>> Registry::remove_application(Actor actor, ApplicationId id) {
  co_return co_await change<void>(actor, {"application.remove", id.str()}, [&](store::Connection& tx) -> Result<void> {
    if (!store::applications::remove(tx, id)) return fail(Code::not_found, "no such application");
    store::families::revoke_of_application(tx, id, clock_.now());
    return {};
  });
}

asio::awaitable<Result<AddedSecret>> Registry::add_secret(Actor actor, ApplicationId id, std::string name,
                                                          std::optional<Time> expires) {
  if (code_points(name) > kLongestApplicationName)
    co_return fail(Code::property_invalid, "displayName has at most 120 characters", "/displayName");
  if (expires && *expires <= clock_.now())
    co_return fail(Code::property_invalid, "expirationDateTime lies in the past", "/expirationDateTime");
  AddedSecret added;
  added.clear = crypto::random_token(32);
  const auto digest = crypto::sha256(added.clear);
  added.secret = {.id = crypto::random_guid(),
                  .application = id,
                  .sha256 = std::string(as_text(digest)),
                  .hint = added.clear.substr(0, kHint),
                  .created_at = clock_.now(),
                  .expires_at = expires,
                  .name = std::move(name)};
  co_return co_await change<AddedSecret>(actor, {"application.secret.add", id.str(), {{"hint", added.secret.hint}}},
                                         [&](store::Connection& tx) -> Result<AddedSecret> {
                                           HG_TRY(auto application, existing_application(tx, id));
                                           store::applications::add_secret(tx, added.secret);
                                           application.confidential = true;
                                           HG_CHECK(store::applications::update(tx, application));
                                           return added;
                                         });
}

asio::awaitable<Result<void>> Registry::remove_secret(Actor actor, ApplicationId id, Guid secret) {
  co_return co_await change<void>(actor, {"application.secret.remove", id.str(), {{"secret", secret.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (!store::applications::remove_secret(tx, id, secret))
                                      return fail(Code::not_found, "no such secret");
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::add_redirect_uri(Actor actor, ApplicationId id, std::string kind,
                                                         std::string uri) {
  HG_CO_CHECK(check_redirect_uri(kind, uri));
  co_return co_await change<void>(
      actor, {"application.redirectUri.add", id.str(), {{"kind", kind}, {"uri", uri}}},
      [&](store::Connection& tx) -> Result<void> {
        HG_TRY(auto application, existing_application(tx, id));
        for (const auto& known : application.redirect_uris)
          if (known.second == uri)
            return fail(Code::conflict, fmt::format("{} is registered already, as {}", uri, known.first), "/uri");
        application.redirect_uris.emplace_back(kind, uri);
        return store::applications::update(tx, application);
      });
}

asio::awaitable<Result<void>> Registry::remove_redirect_uri(Actor actor, ApplicationId id, std::string kind,
                                                            std::string uri) {
  co_return co_await change<void>(actor, {"application.redirectUri.remove", id.str(), {{"kind", kind}, {"uri", uri}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    HG_TRY(auto application, existing_application(tx, id));
                                    if (std::erase(application.redirect_uris, std::pair(kind, uri)) == 0)
                                      return fail(Code::not_found, "no such redirect URI");
                                    return store::applications::update(tx, application);
                                  });
}

}  // namespace hg::identity
