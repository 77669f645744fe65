#include "store/users.h"

#include <fmt/format.h>

#include "store/directory.h"

namespace hg::store::users {

namespace {

#define USER_COLUMNS                                                                                              \
  "id, upn, display_name, mail, locale, time_zone, password_hash, blocked, admin, created_at, removed_at, totp, " \
  "totp_step"

User user_of(const Row& row) {
  return {.id = row.id<UserId>(0),
          .upn = row.text(1),
          .display_name = row.text(2),
          .mail = row.text(3),
          .locale = row.text(4),
          .time_zone = row.text(5),
          .password_hash = row.text(6),
          .blocked = row.boolean(7),
          .admin = row.boolean(8),
          .created_at = row.time(9),
          .removed_at = row.maybe_time(10),
          .totp = row.text(11),
          .totp_step = row.integer(12)};
}

std::unexpected<Error> taken(const User& user) {
  return fail(Code::conflict, fmt::format("there is a user {} already", user.upn), "/userPrincipalName");
}

}  // namespace

Result<void> insert(Connection& tx, const User& user) {
  const auto inserted = tx.exec(
      "INSERT INTO users (id, upn, upn_key, display_name, mail, locale, time_zone, password_hash, blocked, admin, "
      "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
      {user.id, user.upn, lower(user.upn), user.display_name, user.mail, user.locale, user.time_zone,
       user.password_hash, user.blocked, user.admin, user.created_at});
  if (inserted == 0) return taken(user);
  bump_directory(tx);
  return {};
}

std::optional<User> find(Connection& tx, UserId id) {
  return tx.first("SELECT " USER_COLUMNS " FROM users WHERE id = $1", {id}, user_of);
}

std::optional<User> find_by_upn(Connection& tx, std::string_view upn) {
  return tx.first("SELECT " USER_COLUMNS " FROM users WHERE upn_key = $1", {lower(upn)}, user_of);
}

std::vector<User> list(Connection& tx, std::string_view after, std::size_t limit) {
  return tx.all("SELECT " USER_COLUMNS " FROM users WHERE upn_key > $1 ORDER BY upn_key LIMIT $2", {after, limit},
                user_of);
}

std::vector<UserId> blocked(Connection& tx) {
  return tx.all("SELECT id FROM users WHERE blocked <> 0 OR removed_at IS NOT NULL", {},
                [](const Row& row) { return row.id<UserId>(0); });
}

std::int64_t count(Connection& tx) {
  return tx
      .first("SELECT COUNT(*) FROM users WHERE removed_at IS NULL", {}, [](const Row& row) { return row.integer(0); })
      .value_or(0);
}

Result<void> update(Connection& tx, const User& user) {
  const auto holder = find_by_upn(tx, user.upn);
  if (holder && holder->id != user.id) return taken(user);
  const auto updated = tx.exec(
      "UPDATE users SET upn = $1, upn_key = $2, display_name = $3, mail = $4, locale = $5, time_zone = $6, "
      "password_hash = $7, blocked = $8, admin = $9, totp = $10 WHERE id = $11 AND removed_at IS NULL",
      {user.upn, lower(user.upn), user.display_name, user.mail, user.locale, user.time_zone, user.password_hash,
       user.blocked, user.admin, blob(user.totp), user.id});
  if (updated == 0) return fail(Code::not_found, fmt::format("there is no user {}", user.id.str()));
  bump_directory(tx);
  return {};
}

bool use_totp(Connection& tx, UserId id, std::int64_t step) {
  return tx.exec("UPDATE users SET totp_step = $1 WHERE id = $2 AND totp_step < $1", {step, id}) != 0;
}

bool remove(Connection& tx, UserId id, Time now) {
  const auto removed = tx.exec(
      "UPDATE users SET removed_at = $1, upn_key = NULL, password_hash = '', totp = $2 WHERE id = $3 AND removed_at "
      "IS NULL",
      {now, Bytes(), id});
  if (removed != 0) bump_directory(tx);
  return removed != 0;
}

#undef USER_COLUMNS

}  // namespace hg::store::users
