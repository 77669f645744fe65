// The issuer's codes and refresh tokens: what users have granted, exchanged for tokens.
#include <fmt/format.h>

#include <algorithm>

#include "crypto/hash.h"
#include "identity/issuer.h"
#include "identity/redirect_uri.h"
#include "identity/refresh_token.h"

namespace hg::identity {

namespace {

// RFC 7636 §4.1
constexpr std::size_t kMinVerifier = 43;
constexpr std::size_t kMaxVerifier = 128;

std::string hash_of(std::string_view secret) { return std::string(as_text(crypto::sha256(secret))); }

bool challenge_met(const std::string& challenge, const std::string& verifier) {
  if (challenge.empty()) return verifier.empty();
  if (verifier.size() < kMinVerifier || verifier.size() > kMaxVerifier) return false;
  const std::string computed = base64url(crypto::sha256(verifier));
  return crypto::equal(as_bytes(computed), as_bytes(challenge));
}

// What reached a web server only its secret redeems; what reached a page or a device was never kept with one.
bool needs_secret(const Application& application, const std::string& redirect_uri) {
  if (!application.confidential) return false;
  const std::string_view kind = registered_kind(application.redirect_uris, redirect_uri);
  return kind != "spa" && kind != "native";
}

std::unexpected<OAuthError> secret_needed() {
  return oauth_fail("invalid_client", "the application is confidential: a client secret is needed", 401);
}

OAuthResult<store::User> active_user(store::Connection& tx, const UserId& id, Scopes scopes) {
  auto user = store::users::find(tx, id);
  if (!user || user->blocked || user->removed_at) return oauth_fail("invalid_grant", "the user is blocked or gone");
  if (scopes.administrative() && !user->admin)
    return oauth_fail("invalid_grant", "the user is no administrator any longer");
  return *std::move(user);
}

// What a refresh asks for, or all that was granted; never more than that.
OAuthResult<Asked> renewed_scopes(const store::RefreshFamily& family, const std::string& scope,
                                  const std::string& base) {
  auto granted = parse_scopes(family.scopes, base);
  if (!granted) return granted;
  granted->audience = family.audience;
  if (scope.empty()) return granted;
  auto asked = parse_scopes(scope, base);
  if (!asked) return asked;
  if (!asked->foreign.empty())
    return oauth_fail("invalid_scope", fmt::format("there is no resource {}", asked->foreign));
  if (asked->everything && !granted->everything) {
    granted->audience = asked->audience;
    return granted;
  }
  if (!granted->scopes.has_all(asked->scopes.permissions()))
    return oauth_fail("invalid_scope", "more is asked than was granted at the sign-in", 400, "consent_required");
  return asked;
}

std::string client_info(const store::User& user, const TenantId& tenant) {
  std::string text;
  JsonWriter(text).object().field("uid", user.id).field("utid", tenant).end();
  return base64url(as_bytes(text));
}

}  // namespace

void Issuer::revoke(store::Connection& tx, const Client& client, Guid family, std::string_view why) const {
  const Time now = clock_.now();
  store::families::revoke(tx, family, now);
  store::revocations::add(tx, {store::Revocation::Kind::family, family, now + kRevocationLife});
  store::audit::append(tx, {.at = now,
                            .actor = client.application.id.str(),
                            .action = std::string(why),
                            .target = family.str(),
                            .detail = ""});
}

asio::awaitable<std::string> Issuer::issue_code(store::AuthorizationCode code) {
  std::string clear = crypto::random_token(32);
  code.hash = hash_of(clear);
  code.created_at = clock_.now();
  code.expires_at = code.created_at + kCodeLife;
  co_await database_.transact([&](store::Connection& tx) { store::codes::insert(tx, code); });
  co_return clear;
}

OAuthResult<Issuer::Granted> Issuer::take_code(store::Connection& tx, const Client& client, const CodeExchange& sent,
                                               bool& revoked) const {
  const Time now = clock_.now();
  const auto found = store::codes::find(tx, hash_of(sent.code));
  if (!found || found->application != client.application.id)
    return oauth_fail("invalid_grant", "the code is not known here, or another client's");
  if (found->redeemed_at) {
    // One of the two who had it has stolen it, and nobody knows which.
    if (found->family) revoke(tx, client, *found->family, "authorizationCode.reuse");
    revoked = found->family.has_value();
    return oauth_fail("invalid_grant", "the code was used before; what came of it is revoked");
  }
  if (found->expires_at <= now) return oauth_fail("invalid_grant", "the code has expired; it is good for a minute");
  if (!client.proven && needs_secret(client.application, found->redirect_uri)) return secret_needed();
  if (found->redirect_uri != sent.redirect_uri)
    return oauth_fail("invalid_grant", "redirect_uri is not the one the code was asked with");
  if (!challenge_met(found->code_challenge, sent.verifier))
    return oauth_fail("invalid_grant", "code_verifier does not fit the code_challenge");
  const auto session = store::sessions::find(tx, found->session);
  if (!session || session->revoked_at) return oauth_fail("invalid_grant", "the user has signed out");
  auto asked = parse_scopes(found->scopes, sent.base);
  if (!asked) return std::unexpected(asked.error());
  auto user = active_user(tx, found->user, asked->scopes);
  if (!user) return std::unexpected(user.error());

  const RefreshToken first{crypto::random_guid(), 0, client.proven};
  if (!store::codes::redeem(tx, found->hash, first.family, now))
    return oauth_fail("invalid_grant", "the code was used before");
  asked->audience = found->audience;
  Granted granted{.user = *std::move(user),
                  .asked = *std::move(asked),
                  .refresh = "",
                  .nonce = found->nonce,
                  .session = found->session,
                  .family = first.family,
                  .signed_in_at = session->created_at};
  if (granted.asked.scopes.has(Scope::offline_access)) {
    granted.refresh = write_refresh_token(first, refresh_key_);
    store::families::insert(tx, {.id = first.family,
                                 .user = found->user,
                                 .application = found->application,
                                 .session = found->session,
                                 .scopes = found->scopes,
                                 .audience = found->audience,
                                 .current_hash = hash_of(granted.refresh),
                                 .previous_hash = "",
                                 .created_at = now,
                                 .last_used_at = now,
                                 .expires_at = now + kRefreshLife,
                                 .revoked_at = {}});
  }
  return granted;
}

OAuthResult<Issuer::Granted> Issuer::renew(store::Connection& tx, const Client& client, const RefreshExchange& sent,
                                           bool& revoked) const {
  const Time now = clock_.now();
  const auto token = read_refresh_token(sent.token, refresh_key_);
  const auto family = token ? store::families::find(tx, token->family) : std::nullopt;
  if (!family || family->application != client.application.id)
    return oauth_fail("invalid_grant", "the refresh token is not known here, or another client's");
  if (token->bound && !client.proven) return secret_needed();
  if (family->revoked_at || family->expires_at <= now || family->last_used_at + kRefreshIdle <= now)
    return oauth_fail("invalid_grant", "the refresh token has ended; sign in again");
  const std::string hash = hash_of(sent.token);
  const bool repeated = hash == family->previous_hash && now < family->last_used_at + kRefreshGrace;
  if (hash != family->current_hash && !repeated) {
    revoke(tx, client, family->id, "refreshToken.reuse");
    revoked = true;
    return oauth_fail("invalid_grant", "the refresh token was used before; all that came of its sign-in is revoked");
  }
  auto asked = renewed_scopes(*family, sent.scope, sent.base);
  if (!asked) return std::unexpected(asked.error());
  auto user = active_user(tx, family->user, asked->scopes);
  if (!user) return std::unexpected(user.error());
  Granted granted{.user = *std::move(user),
                  .asked = *std::move(asked),
                  .refresh = write_refresh_token(token->next(), refresh_key_),
                  .nonce = "",
                  .session = family->session,
                  .family = family->id,
                  .signed_in_at = {}};
  // Whoever repeats the last exchange gets what that one got; of two at once the later one does.
  if (!repeated) store::families::rotate(tx, family->id, hash, hash_of(granted.refresh), now);
  return granted;
}

asio::awaitable<OAuthResult<Issued>> Issuer::redeem_code(Client client, CodeExchange sent) {
  bool revoked = false;
  auto granted =
      co_await database_.transact([&](store::Connection& tx) { return take_code(tx, client, sent, revoked); });
  if (revoked) co_await registry_.reload();
  if (!granted) co_return std::unexpected(granted.error());
  co_return issue(std::move(sent.base), client, *std::move(granted));
}

asio::awaitable<OAuthResult<Issued>> Issuer::refresh(Client client, RefreshExchange sent) {
  bool revoked = false;
  auto granted = co_await database_.transact([&](store::Connection& tx) { return renew(tx, client, sent, revoked); });
  if (revoked) co_await registry_.reload();
  if (!granted) co_return std::unexpected(granted.error());
  co_return issue(std::move(sent.base), client, *std::move(granted));
}

Issued Issuer::issue(std::string base, const Client& client, Granted granted) const {
  const TokenRequest request{.base = std::move(base),
                             .user = std::move(granted.user),
                             .application = client.application.id,
                             .audience = granted.asked.audience,
                             .scope = granted.asked.spelling,
                             .roles = {},
                             .session = granted.session,
                             .family = granted.family,
                             .signed_in_at = granted.signed_in_at};
  Issued issued{.access_token = access_token(request),
                .refresh_token = std::move(granted.refresh),
                .id_token = "",
                .client_info = client_info(*request.user, registry_.directory()->tenant()),
                .scope = request.scope};
  if (granted.asked.scopes.has(Scope::openid)) issued.id_token = id_token(request, granted.nonce);
  return issued;
}

}  // namespace hg::identity
