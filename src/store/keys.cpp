#include "store/keys.h"

#include "store/directory.h"

namespace hg::store::keys {

namespace {

#define KEY_COLUMNS "kid, algorithm, sealed_private, public_jwk, state, created_at, activated_at, retired_at"

SigningKey key_of(const Row& row) {
  return {.kid = row.text(0),
          .algorithm = row.text(1),
          .sealed_private = row.text(2),
          .public_jwk = row.text(3),
          .state = row.value<SigningKey::State>(4),
          .created_at = row.time(5),
          .activated_at = row.maybe_time(6),
          .retired_at = row.maybe_time(7)};
}

bool changed(Connection& tx, std::int64_t rows) {
  if (rows != 0) bump_directory(tx);
  return rows != 0;
}

}  // namespace

void insert(Connection& tx, const SigningKey& key) {
  tx.exec(
      "INSERT INTO signing_keys (kid, algorithm, sealed_private, public_jwk, state, created_at, activated_at, "
      "retired_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {key.kid, key.algorithm, blob(key.sealed_private), key.public_jwk, key.state, key.created_at, key.activated_at,
       key.retired_at});
  bump_directory(tx);
}

std::optional<SigningKey> find(Connection& tx, std::string_view kid) {
  return tx.first("SELECT " KEY_COLUMNS " FROM signing_keys WHERE kid = $1", {kid}, key_of);
}

std::vector<SigningKey> list(Connection& tx) {
  return tx.all("SELECT " KEY_COLUMNS " FROM signing_keys ORDER BY created_at DESC, kid", {}, key_of);
}

bool activate(Connection& tx, std::string_view kid, Time now) {
  if (!find(tx, kid)) return false;
  tx.exec("UPDATE signing_keys SET state = $1, retired_at = $2 WHERE state = $3 AND kid <> $4",
          {SigningKey::State::retired, now, SigningKey::State::current, kid});
  return changed(tx, tx.exec("UPDATE signing_keys SET state = $1, activated_at = $2, retired_at = NULL WHERE kid = $3",
                             {SigningKey::State::current, now, kid}));
}

bool retire(Connection& tx, std::string_view kid, Time now) {
  return changed(tx, tx.exec("UPDATE signing_keys SET state = $1, retired_at = $2 WHERE kid = $3",
                             {SigningKey::State::retired, now, kid}));
}

bool remove(Connection& tx, std::string_view kid) {
  return changed(tx, tx.exec("DELETE FROM signing_keys WHERE kid = $1", {kid}));
}

#undef KEY_COLUMNS

}  // namespace hg::store::keys
