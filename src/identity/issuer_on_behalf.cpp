// The issuer's on-behalf-of grant (RFC 7523 §2.1), and the end of tokens (RFC 7009).
#include "crypto/jwt.h"
#include "identity/claims.h"
#include "identity/granting.h"
#include "identity/issuer.h"

namespace hg::identity {

asio::awaitable<OAuthResult<Issued>> Issuer::on_behalf_of(Client client, std::string base, Principal from,
                                                          Asked asked) {
  if (!client.proven) co_return secret_needed();
  const auto directory = registry_.directory();
  if (const auto found = find_resource(asked, *directory); !found) co_return std::unexpected(found.error());
  if (const auto allowed = check_allowed(asked, client.application); !allowed)
    co_return std::unexpected(allowed.error());
  auto user = co_await database_.read([&](store::Connection& tx) { return active_user(tx, from.user, asked.scopes); });
  if (!user) co_return std::unexpected(user.error());
  // It ends with the session and the grant that the assertion came of, and is not renewed without another one.
  co_return issue(std::move(base), client,
                  {.user = *std::move(user),
                   .asked = std::move(asked),
                   .refresh = "",
                   .nonce = "",
                   .session = from.session,
                   .family = from.family,
                   .signed_in_at = {}});
}

asio::awaitable<OAuthResult<void>> Issuer::revoke_token(Client client, std::string token) {
  const auto refresh = read_refresh_token(token, refresh_key_);
  if (refresh && refresh->bound && !client.proven) co_return secret_needed();
  const auto directory = registry_.directory();
  const auto jwt = refresh ? std::nullopt : crypto::parse_jwt(token);
  const VerifyKey* key = jwt ? directory->verify_key(jwt->kid) : nullptr;
  const bool ours = key != nullptr && key->alg == jwt->alg && jwt->signed_by(key->key);
  const auto id = ours ? Guid::parse(text_in(jwt->claims, "jti")) : std::nullopt;
  const auto expires = ours ? time_in(jwt->claims, "exp") : std::nullopt;
  const bool theirs = ours && text_in(jwt->claims, "appid") == client.application.id.str();
  if (!refresh && !(theirs && id && expires)) co_return OAuthResult<void>{};
  const bool revoked = co_await database_.transact([&](store::Connection& tx) {
    if (!refresh) {
      store::revocations::add(tx, {store::Revocation::Kind::token, *id, *expires + 2 * kSkew});
      return true;
    }
    const auto family = store::families::find(tx, refresh->family);
    if (!family || family->application != client.application.id || family->revoked_at) return false;
    revoke(tx, client, family->id, "refreshToken.revoke");
    return true;
  });
  if (revoked) co_await registry_.reload();
  co_return OAuthResult<void>{};
}

}  // namespace hg::identity
