// The issuer's codes, device codes and refresh tokens: what users have granted, exchanged for tokens.
#include <fmt/format.h>

#include <algorithm>

#include "crypto/hash.h"
#include "identity/granting.h"
#include "identity/issuer.h"
#include "identity/redirect_uri.h"
#include "identity/refresh_token.h"
#include "identity/resources.h"

namespace hg::identity {

namespace {

// RFC 7636 §4.1
constexpr std::size_t kMinVerifier = 43;
constexpr std::size_t kMaxVerifier = 128;

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

std::unexpected<OAuthError> more_than_granted() {
  return oauth_fail("invalid_scope", "more is asked than was granted at the sign-in", 400, "consent_required");
}

// Of another API's scopes those that were granted; `.default` means them.
OAuthResult<void> keep_granted_names(Asked& asked, const Asked& granted) {
  if (asked.foreign.empty()) return {};
  if (!equal_ignoring_case(asked.foreign, granted.foreign)) return more_than_granted();
  if (std::ranges::find(asked.foreign_names, ".default") != asked.foreign_names.end())
    asked.foreign_names = granted.foreign_names;
  for (const std::string& name : asked.foreign_names)
    if (std::ranges::find(granted.foreign_names, name) == granted.foreign_names.end()) return more_than_granted();
  return {};
}

// What a refresh asks for, or all that was granted; never more than that.
OAuthResult<Asked> renewed_scopes(const store::RefreshFamily& family, const std::string& scope, const std::string& base,
                                  const Directory& directory) {
  auto granted = granted_scopes(family.scopes, family.audience, base, directory);
  if (!granted || scope.empty()) return granted;
  auto asked = parse_scopes(scope, base);
  if (!asked) return asked;
  if (asked->everything && !granted->everything && asked->foreign.empty()) {
    granted->audience = asked->audience;
    granted->for_foreign = false;
    return granted;
  }
  if (!granted->scopes.has_all(asked->scopes.permissions())) return more_than_granted();
  if (const auto kept = keep_granted_names(*asked, *granted); !kept) return std::unexpected(kept.error());
  if (const auto found = find_resource(*asked, directory); !found) return std::unexpected(found.error());
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
  auto asked = granted_scopes(found->scopes, found->audience, sent.base, *registry_.directory());
  if (!asked) return std::unexpected(asked.error());
  auto user = active_user(tx, found->user, asked->scopes);
  if (!user) return std::unexpected(user.error());

  const RefreshToken first{crypto::random_guid(), 0, client.proven};
  if (!store::codes::redeem(tx, found->hash, first.family, now))
    return oauth_fail("invalid_grant", "the code was used before");
  return found_family(tx, client,
                      {.user = *std::move(user),
                       .asked = *std::move(asked),
                       .refresh = "",
                       .nonce = found->nonce,
                       .session = found->session,
                       .family = first.family,
                       .signed_in_at = session->created_at},
                      first);
}

// Also where no refresh token is given out: by the family the user can end it.
Issuer::Granted Issuer::found_family(store::Connection& tx, const Client& client, Granted granted,
                                     const RefreshToken& first) const {
  const Time now = clock_.now();
  const bool lasting = granted.asked.scopes.has(Scope::offline_access);
  const std::string token = write_refresh_token(first, refresh_key_);
  store::families::insert(tx, {.id = first.family,
                               .user = granted.user.id,
                               .application = client.application.id,
                               .session = granted.session,
                               .scopes = granted.asked.spelling,
                               .audience = granted.asked.audience,
                               .current_hash = hash_of(token),
                               .previous_hash = "",
                               .created_at = now,
                               .last_used_at = now,
                               .expires_at = now + (lasting ? kRefreshLife : kRevocationLife),
                               .revoked_at = {}});
  if (lasting) granted.refresh = token;
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
  auto asked = renewed_scopes(*family, sent.scope, sent.base, *registry_.directory());
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
                             .scope = scope_claim(granted.asked),
                             .roles = {},
                             .session = granted.session,
                             .family = granted.family,
                             .signed_in_at = granted.signed_in_at};
  Issued issued{.access_token = access_token(request),
                .refresh_token = std::move(granted.refresh),
                .id_token = "",
                .client_info = client_info(*request.user, registry_.directory()->tenant()),
                .scope = granted.asked.spelling};
  if (granted.asked.scopes.has(Scope::openid)) issued.id_token = id_token(request, granted.nonce);
  return issued;
}

}  // namespace hg::identity
