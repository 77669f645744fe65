// The registry's signing keys: next, current, retired until the last token that one of them signed has run out.
#include <fmt/format.h>

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/jwk.h"
#include "identity/change.h"
#include "identity/lifetimes.h"
#include "identity/signing_keys.h"

namespace hg::identity {

namespace {

using KeyState = store::SigningKey::State;

// Whoever keeps the key set for as long as it says has seen a key long before it signs.
constexpr Duration kAhead = std::chrono::days(1);

std::optional<store::SigningKey> in_state(const std::vector<store::SigningKey>& keys, KeyState state) {
  const auto found = std::ranges::find(keys, state, &store::SigningKey::state);
  return found == keys.end() ? std::nullopt : std::optional(*found);
}

bool ended(const store::SigningKey& key, Time now) {
  return key.state == KeyState::retired && key.retired_at && *key.retired_at + kRevocationLife <= now;
}

Deed deed_of(std::string action, const store::SigningKey& key) {
  return {std::move(action), key.kid, {{"algorithm", key.algorithm}}};
}

void remove_prepared(store::Connection& tx) {
  for (const auto& key : store::keys::list(tx))
    if (key.state == KeyState::next) store::keys::remove(tx, key.kid);
}

}  // namespace

store::SigningKey make_signing_key(const crypto::SealingKey& key, const crypto::PrivateKey& signing, Time now) {
  store::SigningKey made;
  made.kid = crypto::random_token(16);
  made.algorithm = name(signing.alg());
  made.sealed_private = as_text(key.subkey(kSigningKeys).seal(as_bytes(made.kid), signing.der()));
  made.public_jwk = crypto::jwk_text(signing.jwk());
  made.state = KeyState::next;
  made.created_at = now;
  return made;
}

asio::awaitable<std::vector<store::SigningKey>> Registry::signing_keys() {
  co_return co_await database_.read([](store::Connection& tx) { return store::keys::list(tx); });
}

asio::awaitable<Result<void>> Registry::prepare_key(Actor actor, crypto::Alg algorithm) {
  // On a reading thread: an RSA key takes its time.
  const auto made = co_await database_.read([&](store::Connection&) {
    return make_signing_key(key_, crypto::PrivateKey::generate(algorithm), clock_.now());
  });
  co_return co_await change<void>(actor, deed_of("signingKey.prepare", made),
                                  [&](store::Connection& tx) -> Result<void> {
                                    remove_prepared(tx);
                                    store::keys::insert(tx, made);
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::rotate_keys(Actor actor, std::optional<crypto::Alg> algorithm) {
  const auto keys = co_await signing_keys();
  auto next = in_state(keys, KeyState::next);
  const bool made = !next || (algorithm && next->algorithm != name(*algorithm));
  if (made) {
    const auto current = in_state(keys, KeyState::current);
    const auto usual = current ? crypto::parse_alg(current->algorithm) : std::nullopt;
    const auto wanted = algorithm.value_or(usual.value_or(crypto::Alg::rs256));
    next = co_await database_.read(
        [&](store::Connection&) { return make_signing_key(key_, crypto::PrivateKey::generate(wanted), clock_.now()); });
  }
  co_return co_await change<void>(actor, deed_of("signingKey.rotate", *next),
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (made) {
                                      remove_prepared(tx);
                                      store::keys::insert(tx, *next);
                                    }
                                    if (!store::keys::activate(tx, next->kid, clock_.now()))
                                      return fail(Code::conflict, "another rotation came in between; try again");
                                    return {};
                                  });
}

asio::awaitable<void> Registry::tend_keys(Duration age) {
  const Actor actor{"key rotation"};
  const Time now = clock_.now();
  const auto keys = co_await signing_keys();
  for (const auto& key : keys)
    if (ended(key, now))
      (void)co_await change<void>(actor, deed_of("signingKey.remove", key), [&](store::Connection& tx) -> Result<void> {
        store::keys::remove(tx, key.kid);
        return {};
      });
  const auto current = in_state(keys, KeyState::current);
  if (age <= Duration{0} || !current) co_return;
  const Time since = current->activated_at.value_or(current->created_at);
  if (since + age <= now) {
    (void)co_await rotate_keys(actor, std::nullopt);
  } else if (since + age - std::min(age / 2, kAhead) <= now && !in_state(keys, KeyState::next)) {
    (void)co_await prepare_key(actor, crypto::parse_alg(current->algorithm).value_or(crypto::Alg::rs256));
  }
}

}  // namespace hg::identity
