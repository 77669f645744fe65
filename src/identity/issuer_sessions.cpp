// The issuer's browser sessions: who is signed in, and how somebody signs in.
#include "crypto/hash.h"
#include "crypto/password.h"
#include "identity/granting.h"
#include "identity/issuer.h"

namespace hg::identity {

asio::awaitable<std::optional<SignedIn>> Issuer::session(std::string cookie) {
  const Time now = clock_.now();
  auto found = co_await database_.read([&](store::Connection& tx) -> std::optional<SignedIn> {
    const auto session = store::sessions::find_by_cookie(tx, hash_of(cookie));
    if (!session || session->revoked_at || session->created_at + kSessionLife <= now ||
        session->last_seen_at + kSessionIdle <= now)
      return std::nullopt;
    const auto user = store::users::find(tx, session->user);
    if (!user || user->blocked || user->removed_at) return std::nullopt;
    return SignedIn{*session, *user};
  });
  if (found && found->session.last_seen_at + kSessionIdle / 10 <= now)
    co_await database_.transact([&](store::Connection& tx) { store::sessions::touch(tx, found->session.id, now); });
  co_return found;
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
    return right && !user->blocked && !user->removed_at ? user : std::nullopt;
  });
}

asio::awaitable<Issuer::Opened> Issuer::open_session(UserId user) {
  Opened opened{.id = crypto::random_guid(), .cookie = crypto::random_token(32)};
  const Time now = clock_.now();
  co_await database_.transact([&](store::Connection& tx) {
    store::sessions::insert(tx, {.id = opened.id,
                                 .user = user,
                                 .cookie_hash = hash_of(opened.cookie),
                                 .created_at = now,
                                 .last_seen_at = now,
                                 .revoked_at = {}});
  });
  co_return opened;
}

asio::awaitable<void> Issuer::end_session(std::string cookie) {
  const bool ended = co_await database_.transact([&](store::Connection& tx) {
    const Time now = clock_.now();
    const auto session = store::sessions::find_by_cookie(tx, hash_of(cookie));
    if (!session || session->revoked_at) return false;
    store::sessions::revoke(tx, session->id, now);
    store::revocations::add(tx, {store::Revocation::Kind::session, session->id, now + kRevocationLife});
    return true;
  });
  if (ended) co_await registry_.reload();
}

}  // namespace hg::identity
