// The issuer's second factor: one-time passwords of administrators.
#include "crypto/totp.h"
#include "identity/issuer.h"
#include "store/directory.h"

namespace hg::identity {

namespace {

constexpr std::string_view kPurpose = "one-time passwords";

std::optional<Buffer> seed_of(const store::User& user, const crypto::SealingKey& key) {
  if (user.totp.empty()) return std::nullopt;
  return key.open(user.id.view(), as_bytes(user.totp));
}

}  // namespace

asio::awaitable<bool> Issuer::check_totp(UserId user, std::string password) {
  const crypto::SealingKey key = registry_.key_for(kPurpose);
  co_return co_await database_.transact([&](store::Connection& tx) {
    const auto found = store::users::find(tx, user);
    const auto seed = found ? seed_of(*found, key) : std::nullopt;
    const auto step = seed ? crypto::totp_step(*seed, password, clock_.now()) : std::nullopt;
    return step && store::users::use_totp(tx, user, *step);
  });
}

asio::awaitable<bool> Issuer::set_totp(UserId user, Buffer seed, std::string password) {
  if (!crypto::totp_step(seed, password, clock_.now())) co_return false;
  const auto sealed = registry_.key_for(kPurpose).seal(user.view(), seed);
  co_return co_await database_.transact([&](store::Connection& tx) {
    store::lock_directory(tx);
    auto found = store::users::find(tx, user);
    if (!found || found->removed_at) return false;
    found->totp = as_text(sealed);
    if (!store::users::update(tx, *found)) return false;
    store::audit::append(
        tx, {.at = clock_.now(), .actor = found->upn, .action = "user.totp.set", .target = user.str(), .detail = ""});
    return true;
  });
}

}  // namespace hg::identity
