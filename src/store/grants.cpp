#include "store/grants.h"

#include "store/directory.h"

namespace hg::store {

namespace {

constexpr Duration kIdleSession = std::chrono::days(90);

}  // namespace

namespace sessions {

namespace {

#define SESSION_COLUMNS "id, user_id, cookie_hash, created_at, last_seen_at, revoked_at"

Session session_of(const Row& row) {
  return {.id = row.guid(0),
          .user = row.id<UserId>(1),
          .cookie_hash = row.text(2),
          .created_at = row.time(3),
          .last_seen_at = row.time(4),
          .revoked_at = row.maybe_time(5)};
}

}  // namespace

void insert(Connection& tx, const Session& session) {
  tx.exec(
      "INSERT INTO sessions (id, user_id, cookie_hash, created_at, last_seen_at, revoked_at) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      {session.id, session.user, blob(session.cookie_hash), session.created_at, session.last_seen_at,
       session.revoked_at});
}

std::optional<Session> find(Connection& tx, Guid id) {
  return tx.first("SELECT " SESSION_COLUMNS " FROM sessions WHERE id = $1", {id}, session_of);
}

std::optional<Session> find_by_cookie(Connection& tx, std::string_view cookie_hash) {
  return tx.first("SELECT " SESSION_COLUMNS " FROM sessions WHERE cookie_hash = $1", {blob(cookie_hash)}, session_of);
}

std::vector<Session> of_user(Connection& tx, UserId user) {
  return tx.all("SELECT " SESSION_COLUMNS
                " FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id",
                {user}, session_of);
}

void touch(Connection& tx, Guid id, Time now) {
  tx.exec("UPDATE sessions SET last_seen_at = $1 WHERE id = $2", {now, id});
}

bool revoke(Connection& tx, Guid id, Time now) {
  if (tx.exec("UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", {now, id}) == 0) return false;
  tx.exec("UPDATE refresh_families SET revoked_at = $1 WHERE session_id = $2 AND revoked_at IS NULL", {now, id});
  return true;
}

#undef SESSION_COLUMNS

}  // namespace sessions

namespace codes {

namespace {

AuthorizationCode code_of(const Row& row) {
  return {.hash = row.text(0),
          .application = row.id<ApplicationId>(1),
          .user = row.id<UserId>(2),
          .session = row.guid(3),
          .redirect_uri = row.text(4),
          .code_challenge = row.text(5),
          .nonce = row.text(6),
          .scopes = row.text(7),
          .audience = row.text(8),
          .created_at = row.time(9),
          .expires_at = row.time(10),
          .redeemed_at = row.maybe_time(11),
          .family = row.maybe_guid(12)};
}

}  // namespace

void insert(Connection& tx, const AuthorizationCode& code) {
  tx.exec(
      "INSERT INTO authorization_codes (hash, application_id, user_id, session_id, redirect_uri, code_challenge, "
      "nonce, scopes, audience, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {blob(code.hash), code.application, code.user, code.session, code.redirect_uri, code.code_challenge, code.nonce,
       code.scopes, code.audience, code.created_at, code.expires_at});
}

std::optional<AuthorizationCode> find(Connection& tx, std::string_view hash) {
  return tx.first(
      "SELECT hash, application_id, user_id, session_id, redirect_uri, code_challenge, nonce, scopes, audience, "
      "created_at, expires_at, redeemed_at, family_id FROM authorization_codes WHERE hash = $1 FOR UPDATE",
      {blob(hash)}, code_of);
}

bool redeem(Connection& tx, std::string_view hash, std::optional<Guid> family, Time now) {
  return tx.exec(
             "UPDATE authorization_codes SET redeemed_at = $1, family_id = $2 WHERE hash = $3 AND redeemed_at IS NULL",
             {now, family, blob(hash)}) != 0;
}

}  // namespace codes

namespace families {

namespace {

#define FAMILY_COLUMNS                                                                                   \
  "id, user_id, application_id, session_id, scopes, audience, current_hash, previous_hash, created_at, " \
  "last_used_at, expires_at, revoked_at"

RefreshFamily family_of(const Row& row) {
  return {.id = row.guid(0),
          .user = row.id<UserId>(1),
          .application = row.id<ApplicationId>(2),
          .session = row.guid(3),
          .scopes = row.text(4),
          .audience = row.text(5),
          .current_hash = row.text(6),
          .previous_hash = row.text(7),
          .created_at = row.time(8),
          .last_used_at = row.time(9),
          .expires_at = row.time(10),
          .revoked_at = row.maybe_time(11)};
}

}  // namespace

void insert(Connection& tx, const RefreshFamily& family) {
  tx.exec(
      "INSERT INTO refresh_families (id, user_id, application_id, session_id, scopes, audience, current_hash, "
      "previous_hash, created_at, last_used_at, expires_at, revoked_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {family.id, family.user, family.application, family.session, family.scopes, family.audience,
       blob(family.current_hash), blob(family.previous_hash), family.created_at, family.last_used_at, family.expires_at,
       family.revoked_at});
}

std::optional<RefreshFamily> find(Connection& tx, Guid id) {
  return tx.first("SELECT " FAMILY_COLUMNS " FROM refresh_families WHERE id = $1", {id}, family_of);
}

std::optional<RefreshFamily> find_by_token(Connection& tx, std::string_view hash) {
  auto found =
      tx.first("SELECT " FAMILY_COLUMNS " FROM refresh_families WHERE current_hash = $1", {blob(hash)}, family_of);
  if (found || hash.empty()) return found;
  return tx.first("SELECT " FAMILY_COLUMNS " FROM refresh_families WHERE previous_hash = $1", {blob(hash)}, family_of);
}

std::vector<RefreshFamily> of_user(Connection& tx, UserId user, ApplicationId application, Time now) {
  auto all = tx.all("SELECT " FAMILY_COLUMNS
                    " FROM refresh_families WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2",
                    {user, now}, family_of);
  if (!application.zero())
    std::erase_if(all, [&](const RefreshFamily& family) { return family.application != application; });
  return all;
}

bool rotate(Connection& tx, Guid id, std::string_view from, std::string_view to, Time now) {
  return tx.exec(
             "UPDATE refresh_families SET current_hash = $1, previous_hash = $2, last_used_at = $3 "
             "WHERE id = $4 AND current_hash = $2 AND revoked_at IS NULL",
             {blob(to), blob(from), now, id}) != 0;
}

bool revoke(Connection& tx, Guid id, Time now) {
  return tx.exec("UPDATE refresh_families SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", {now, id}) != 0;
}

std::int64_t revoke_of_user(Connection& tx, UserId user, Time now) {
  return tx.exec("UPDATE refresh_families SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL", {now, user});
}

std::int64_t revoke_of_application(Connection& tx, ApplicationId application, Time now) {
  return tx.exec("UPDATE refresh_families SET revoked_at = $1 WHERE application_id = $2 AND revoked_at IS NULL",
                 {now, application});
}

#undef FAMILY_COLUMNS

}  // namespace families

namespace consents {

void grant(Connection& tx, UserId user, ApplicationId application, std::string_view scopes, Time now) {
  tx.exec(
      "INSERT INTO consents (user_id, application_id, scopes, granted_at) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (user_id, application_id) DO UPDATE SET scopes = excluded.scopes, granted_at = excluded.granted_at",
      {user, application, scopes, now});
}

std::optional<std::string> find(Connection& tx, UserId user, ApplicationId application) {
  return tx.first("SELECT scopes FROM consents WHERE user_id = $1 AND application_id = $2", {user, application},
                  [](const Row& row) { return row.text(0); });
}

std::vector<Consent> of_user(Connection& tx, UserId user) {
  return tx.all(
      "SELECT application_id, scopes, granted_at FROM consents WHERE user_id = $1 ORDER BY granted_at DESC, "
      "application_id",
      {user}, [](const Row& row) {
        return Consent{.application = row.id<ApplicationId>(0), .scopes = row.text(1), .granted_at = row.time(2)};
      });
}

bool remove(Connection& tx, UserId user, ApplicationId application) {
  return tx.exec("DELETE FROM consents WHERE user_id = $1 AND application_id = $2", {user, application}) != 0;
}

}  // namespace consents

namespace tickets {

void insert(Connection& tx, const Ticket& ticket) {
  tx.exec("INSERT INTO tickets (hash, kind, payload, expires_at) VALUES ($1, $2, $3, $4)",
          {blob(ticket.hash), ticket.kind, ticket.payload, ticket.expires_at});
}

bool claim(Connection& tx, const Ticket& ticket, Time now) {
  return tx.exec(
             "INSERT INTO tickets (hash, kind, payload, expires_at, used_at) VALUES ($1, $2, $3, $4, $5) "
             "ON CONFLICT DO NOTHING",
             {blob(ticket.hash), ticket.kind, ticket.payload, ticket.expires_at, now}) != 0;
}

std::optional<Ticket> find(Connection& tx, std::string_view hash, std::string_view kind, Time now) {
  return tx.first(
      "SELECT hash, kind, payload, expires_at FROM tickets WHERE hash = $1 AND kind = $2 AND expires_at > $3",
      {blob(hash), kind, now}, [](const Row& row) {
        return Ticket{.hash = row.text(0), .kind = row.text(1), .payload = row.text(2), .expires_at = row.time(3)};
      });
}

std::optional<std::string> use(Connection& tx, std::string_view hash, std::string_view kind, Time now) {
  return tx.first(
      "UPDATE tickets SET used_at = $1 WHERE hash = $2 AND kind = $3 AND expires_at > $1 AND used_at IS NULL "
      "RETURNING payload",
      {now, blob(hash), kind}, [](const Row& row) { return row.text(0); });
}

}  // namespace tickets

namespace revocations {

void add(Connection& tx, const Revocation& revocation) {
  tx.exec(
      "INSERT INTO revocations (kind, subject, until) VALUES ($1, $2, $3) ON CONFLICT (kind, subject) DO UPDATE SET "
      "until = CASE WHEN excluded.until > revocations.until THEN excluded.until ELSE revocations.until END",
      {revocation.kind, revocation.subject, revocation.until});
  bump_directory(tx);
}

std::vector<Revocation> list(Connection& tx, Time now) {
  return tx.all("SELECT kind, subject, until FROM revocations WHERE until > $1", {now}, [](const Row& row) {
    return Revocation{.kind = row.value<Revocation::Kind>(0), .subject = row.guid(1), .until = row.time(2)};
  });
}

}  // namespace revocations

std::int64_t remove_spent_grants(Connection& tx, Time now, std::size_t limit) {
  std::int64_t removed = 0;
  removed += tx.exec(
      "DELETE FROM authorization_codes WHERE hash IN "
      "(SELECT hash FROM authorization_codes WHERE expires_at <= $1 LIMIT $2)",
      {now, limit});
  removed +=
      tx.exec("DELETE FROM device_codes WHERE hash IN (SELECT hash FROM device_codes WHERE expires_at <= $1 LIMIT $2)",
              {now, limit});
  removed += tx.exec("DELETE FROM tickets WHERE hash IN (SELECT hash FROM tickets WHERE expires_at <= $1 LIMIT $2)",
                     {now, limit});
  removed += tx.exec(
      "DELETE FROM refresh_families WHERE id IN (SELECT id FROM refresh_families WHERE expires_at <= $1 LIMIT $2)",
      {now, limit});
  removed += tx.exec("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_seen_at <= $1 LIMIT $2)",
                     {now - kIdleSession, limit});
  removed += tx.exec("DELETE FROM revocations WHERE until <= $1", {now});
  return removed;
}

}  // namespace hg::store
