#include "identity/issuer.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/password.h"

namespace hg::identity {

namespace {

constexpr Duration kRefreshGrace = std::chrono::seconds(10);
constexpr std::size_t kMinVerifier = 43;  // RFC 7636 §4.1
constexpr std::size_t kMaxVerifier = 128;

std::int64_t seconds(Time time) { return to_ms(time) / 1000; }

std::string hash_of(std::string_view secret) {
  const auto digest = crypto::sha256(secret);
  return std::string(as_text(digest));
}

// The user's UPN and name, where there is a user.
void add_user_claims(JsonWriter& writer, const store::User& user) {
  writer.field("oid", user.id).field("sub", user.id).field("name", user.display_name);
}

std::string client_info(const store::User& user, const TenantId& tenant) {
  std::string text;
  JsonWriter(text).object().field("uid", user.id).field("utid", tenant).end();
  return base64url(as_bytes(text));
}

bool challenge_met(const std::string& challenge, const std::string& verifier) {
  if (challenge.empty()) return verifier.empty();
  if (verifier.size() < kMinVerifier || verifier.size() > kMaxVerifier) return false;
  const std::string computed = base64url(crypto::sha256(verifier));
  return crypto::equal(as_bytes(computed), as_bytes(challenge));
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
  if (!request.session.zero()) writer.field("sid", request.session);
  writer.end();
  return crypto::sign_jwt(directory->signing_key(), directory->signing_kid(), "JWT", claims);
}

OAuthResult<Application> Issuer::authenticate(std::string_view client_id,
                                              const std::optional<std::string>& secret) const {
  const auto refused = [] {
    return oauth_fail("invalid_client", "the client is not known here, or its secret is wrong or expired", 401);
  };
  const auto id = ApplicationId::parse(client_id);
  if (!id) return refused();
  const auto directory = registry_.directory();
  const Application* client = directory->application(*id);
  if (client == nullptr) return refused();
  if (client->blocked) return oauth_fail("unauthorized_client", "the application is blocked", 400);
  if (!client->confidential) {
    if (secret && !secret->empty()) return refused();
    return *client;
  }
  if (!secret) return oauth_fail("invalid_client", "the application is confidential: a client secret is needed", 401);
  const std::string digest = hash_of(*secret);
  for (const store::Secret& known : client->secrets)
    if (crypto::equal(as_bytes(known.sha256), as_bytes(digest)) &&
        (!known.expires_at || *known.expires_at > clock_.now()))
      return *client;
  return refused();
}

Issued Issuer::issue(const TokenRequest& request, const Asked& asked, std::string_view nonce,
                     std::string refresh) const {
  Issued issued;
  issued.access_token = access_token(request);
  issued.refresh_token = std::move(refresh);
  issued.scope = request.scope;
  if (!request.user) return issued;
  if (asked.scopes.has(Scope::openid)) issued.id_token = id_token(request, nonce);
  issued.client_info = client_info(*request.user, registry_.directory()->tenant());
  return issued;
}

asio::awaitable<OAuthResult<Issued>> Issuer::client_credentials(std::string base, Application client, Asked asked) {
  if (!client.confidential)
    co_return oauth_fail("unauthorized_client", "a public client cannot have a token of its own; sign a user in");
  if (!asked.foreign.empty())
    co_return oauth_fail("invalid_scope", fmt::format("there is no resource {} here", asked.foreign));
  TokenRequest request{.base = std::move(base),
                       .user = {},
                       .application = client.id,
                       .audience = asked.audience,
                       .scope = asked.spelling,
                       .roles = {},
                       .session = {}};
  for (const std::string& scope : client.scopes)
    if (const auto allowed = parse_scopes(scope, "")) {
      if (allowed->scopes.has(Scope::admin)) request.roles.add(Scope::admin);
      if (allowed->scopes.has(Scope::read)) request.roles.add(Scope::read);
    }
  co_return issue(request, asked, "", "");
}

asio::awaitable<std::string> Issuer::issue_code(store::AuthorizationCode code) {
  std::string clear = crypto::random_token(32);
  code.hash = hash_of(clear);
  code.created_at = clock_.now();
  code.expires_at = code.created_at + kCodeLife;
  co_await database_.transact([&](store::Connection& tx) { store::codes::insert(tx, code); });
  co_return clear;
}

OAuthResult<std::pair<store::AuthorizationCode, std::string>> Issuer::take_code(store::Connection& tx,
                                                                                const Application& client,
                                                                                const std::string& code,
                                                                                const std::string& redirect_uri,
                                                                                const std::string& verifier) {
  const Time now = clock_.now();
  const auto found = store::codes::find(tx, hash_of(code));
  if (!found || found->application != client.id)
    return oauth_fail("invalid_grant", "the code is not known here, or another client's");
  if (found->redeemed_at) {
    // Somebody has stolen it: whoever was first holds tokens that must end.
    if (found->family) store::families::revoke(tx, *found->family, now);
    store::revocations::add(
        tx, {store::Revocation::Kind::session, found->session, now + kAccessTokenLife + std::chrono::minutes(2)});
    return oauth_fail("invalid_grant", "the code was used before; what came of it is revoked");
  }
  if (found->expires_at <= now) return oauth_fail("invalid_grant", "the code has expired; it is good for a minute");
  if (found->redirect_uri != redirect_uri)
    return oauth_fail("invalid_grant", "redirect_uri is not the one the code was asked with");
  if (!challenge_met(found->code_challenge, verifier))
    return oauth_fail("invalid_grant", "code_verifier does not fit the code_challenge");
  std::string refresh;
  std::optional<Guid> family;
  const auto asked = parse_scopes(found->scopes, "");
  if (asked && asked->scopes.has(Scope::offline_access)) {
    refresh = crypto::random_token(32);
    family = crypto::random_guid();
    store::families::insert(tx, {.id = *family,
                                 .user = found->user,
                                 .application = client.id,
                                 .session = found->session,
                                 .scopes = found->scopes,
                                 .audience = found->audience,
                                 .current_hash = hash_of(refresh),
                                 .previous_hash = "",
                                 .created_at = now,
                                 .last_used_at = now,
                                 .expires_at = now + kRefreshLife,
                                 .revoked_at = {}});
  }
  if (!store::codes::redeem(tx, found->hash, family, now))
    return oauth_fail("invalid_grant", "the code was used before");
  return std::pair(*found, refresh);
}

asio::awaitable<OAuthResult<Issued>> Issuer::redeem_code(std::string base, Application client, std::string code,
                                                         std::string redirect_uri, std::string verifier) {
  using Taken = std::pair<store::AuthorizationCode, std::string>;
  std::optional<store::User> user;
  const auto taken = co_await database_.transact([&](store::Connection& tx) -> OAuthResult<Taken> {
    auto result = take_code(tx, client, code, redirect_uri, verifier);
    if (result) user = store::users::find(tx, result->first.user);
    return result;
  });
  if (!taken) {
    if (taken.error().description.find("revoked") != std::string::npos) co_await registry_.reload();
    co_return std::unexpected(taken.error());
  }
  if (!user || user->blocked || user->removed_at) co_return oauth_fail("invalid_grant", "the user is blocked or gone");
  const auto asked = parse_scopes(taken->first.scopes, base);
  if (!asked) co_return std::unexpected(asked.error());
  const TokenRequest request{.base = base,
                             .user = user,
                             .application = client.id,
                             .audience = taken->first.audience,
                             .scope = asked->spelling,
                             .roles = {},
                             .session = taken->first.session};
  co_return issue(request, *asked, taken->first.nonce, taken->second);
}

asio::awaitable<OAuthResult<Issued>> Issuer::refresh(std::string base, Application client, std::string token,
                                                     std::string scope) {
  struct Renewed {
    store::RefreshFamily family;
    std::string refresh;
  };
  std::optional<store::User> user;
  bool revoked = false;
  const auto renewed = co_await database_.transact([&](store::Connection& tx) -> OAuthResult<Renewed> {
    const Time now = clock_.now();
    const std::string hash = hash_of(token);
    const auto family = store::families::find_by_token(tx, hash);
    if (!family || family->application != client.id)
      return oauth_fail("invalid_grant", "the refresh token is not known here, or another client's");
    if (family->revoked_at || family->expires_at <= now || family->last_used_at + kRefreshIdle <= now)
      return oauth_fail("invalid_grant", "the refresh token has ended; sign in again");
    const bool current = crypto::equal(as_bytes(family->current_hash), as_bytes(hash));
    if (!current && family->last_used_at + kRefreshGrace <= now) {
      store::families::revoke(tx, family->id, now);
      store::revocations::add(
          tx, {store::Revocation::Kind::session, family->session, now + kAccessTokenLife + std::chrono::minutes(2)});
      revoked = true;
      return oauth_fail("invalid_grant", "the refresh token was used before; all that came of its sign-in are revoked");
    }
    user = store::users::find(tx, family->user);
    Renewed result{*family, crypto::random_token(32)};
    if (!store::families::rotate(tx, family->id, family->current_hash, hash_of(result.refresh), now))
      return oauth_fail("invalid_grant", "the refresh token was used before");
    return result;
  });
  if (revoked) co_await registry_.reload();
  if (!renewed) co_return std::unexpected(renewed.error());
  if (!user || user->blocked || user->removed_at) co_return oauth_fail("invalid_grant", "the user is blocked or gone");
  const auto granted = parse_scopes(renewed->family.scopes, base);
  const auto asked = parse_scopes(scope.empty() ? renewed->family.scopes : scope, base);
  if (!granted) co_return std::unexpected(granted.error());
  if (!asked) co_return std::unexpected(asked.error());
  for (const Scope one : {Scope::notifications, Scope::activities, Scope::admin, Scope::read})
    if (asked->scopes.has(one) && !granted->scopes.has(one))
      co_return oauth_fail("invalid_scope", "more is asked than was granted at the sign-in");
  const TokenRequest request{.base = base,
                             .user = user,
                             .application = client.id,
                             .audience = scope.empty() ? renewed->family.audience : asked->audience,
                             .scope = asked->spelling,
                             .roles = {},
                             .session = renewed->family.session};
  co_return issue(request, *asked, "", renewed->refresh);
}

asio::awaitable<std::optional<std::pair<store::Session, store::User>>> Issuer::session(std::string cookie) {
  using Found = std::optional<std::pair<store::Session, store::User>>;
  co_return co_await database_.read([&](store::Connection& tx) -> Found {
    const auto session = store::sessions::find_by_cookie(tx, hash_of(cookie));
    if (!session || session->revoked_at || session->created_at + kSessionLife <= clock_.now()) return std::nullopt;
    const auto user = store::users::find(tx, session->user);
    if (!user || user->blocked || user->removed_at) return std::nullopt;
    return std::pair(*session, *user);
  });
}

asio::awaitable<std::optional<store::User>> Issuer::check_password(std::string upn, std::string password) {
  // On a reading thread: argon2 would hold up a network loop.
  co_return co_await database_.read([&](store::Connection& tx) -> std::optional<store::User> {
    const auto user = store::users::find_by_upn(tx, upn);
    if (!user || user->password_hash.empty()) {
      crypto::verify_against_nothing(password);
      return std::nullopt;
    }
    const bool right = crypto::verify_password(user->password_hash, password);
    return right && !user->blocked ? user : std::nullopt;
  });
}

asio::awaitable<std::pair<Guid, std::string>> Issuer::open_session(UserId user) {
  const Guid id = crypto::random_guid();
  std::string cookie = crypto::random_token(32);
  const Time now = clock_.now();
  co_await database_.transact([&](store::Connection& tx) {
    store::sessions::insert(tx, {.id = id,
                                 .user = user,
                                 .cookie_hash = hash_of(cookie),
                                 .created_at = now,
                                 .last_seen_at = now,
                                 .revoked_at = {}});
  });
  co_return std::pair(id, cookie);
}

asio::awaitable<void> Issuer::end_session(Guid id) {
  co_await database_.transact([&](store::Connection& tx) {
    const Time now = clock_.now();
    store::sessions::revoke(tx, id, now);
    store::revocations::add(tx,
                            {store::Revocation::Kind::session, id, now + kAccessTokenLife + std::chrono::minutes(2)});
  });
  co_await registry_.reload();
}

}  // namespace hg::identity
