// What users have granted, and what came of it: sessions, consents, authorization codes, refresh families, tickets,
// revocations. Secrets are kept as their SHA-256 (32 bytes) alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sql.h"

namespace hg::store {

// A browser that is signed in. `id` is the `sid` of its tokens, so its cookie is another secret.
struct Session {
  Guid id = {};
  UserId user = {};
  std::string cookie_hash = {};
  Time created_at{};
  Time last_seen_at{};
  std::optional<Time> revoked_at = {};
};

// RFC 6749 §4.1, RFC 7636.
struct AuthorizationCode {
  std::string hash = {};
  ApplicationId application = {};
  UserId user = {};
  Guid session = {};
  std::string redirect_uri = {};
  std::string code_challenge = {};  // S256; "" where none was sent
  std::string nonce = {};
  std::string scopes = {};    // as asked, spaces between
  std::string audience = {};  // as the first resource named decides
  Time created_at{};
  Time expires_at{};
  std::optional<Time> redeemed_at = {};
  std::optional<Guid> family = {};  // that came of it
};

// The refresh tokens that followed from one sign-in: one is current; another one revokes the family.
struct RefreshFamily {
  Guid id = {};
  UserId user = {};
  ApplicationId application = {};
  Guid session = {};
  std::string scopes = {};
  std::string audience = {};
  std::string current_hash = {};
  std::string previous_hash = {};  // "" at first
  Time created_at{};
  Time last_used_at{};
  Time expires_at{};
  std::optional<Time> revoked_at = {};
};

// A secret that is good once: a stream ticket, a step of a sign-in.
struct Ticket {
  std::string hash = {};
  std::string kind = {};
  std::string payload = {};
  Time expires_at{};
};

// Tokens of this subject are refused until every one that it could have has run out.
struct Revocation {
  enum class Kind : std::uint8_t { user = 0, application = 1, session = 2, family = 3, token = 4 };
  Kind kind = Kind::session;
  Guid subject = {};
  Time until{};
};

namespace sessions {
void insert(Connection& tx, const Session& session);
std::optional<Session> find(Connection& tx, Guid id);
std::optional<Session> find_by_cookie(Connection& tx, std::string_view cookie_hash);
std::vector<Session> of_user(Connection& tx, UserId user);  // not revoked, newest first
void touch(Connection& tx, Guid id, Time now);
bool revoke(Connection& tx, Guid id, Time now);  // its refresh families too; false where none was open
}  // namespace sessions

namespace codes {
void insert(Connection& tx, const AuthorizationCode& code);
// Locked: of two who come with it at once the second sees that it was redeemed.
std::optional<AuthorizationCode> find(Connection& tx, std::string_view hash);
// Once only: false where it was redeemed before. Expiry is the caller's to check.
bool redeem(Connection& tx, std::string_view hash, std::optional<Guid> family, Time now);
}  // namespace codes

namespace families {
void insert(Connection& tx, const RefreshFamily& family);
std::optional<RefreshFamily> find(Connection& tx, Guid id);
// The family of which this is the current or the previous token.
std::optional<RefreshFamily> find_by_token(Connection& tx, std::string_view hash);
// Not revoked, not expired; of one application, or (zero) of all.
std::vector<RefreshFamily> of_user(Connection& tx, UserId user, ApplicationId application, Time now);
// False where `from` is not the current one, or the family is revoked.
bool rotate(Connection& tx, Guid id, std::string_view from, std::string_view to, Time now);
bool revoke(Connection& tx, Guid id, Time now);
std::int64_t revoke_of_user(Connection& tx, UserId user, Time now);
std::int64_t revoke_of_application(Connection& tx, ApplicationId application, Time now);
}  // namespace families

namespace consents {
void grant(Connection& tx, UserId user, ApplicationId application, std::string_view scopes, Time now);  // replaces
std::optional<std::string> find(Connection& tx, UserId user, ApplicationId application);
struct Consent {
  ApplicationId application = {};
  std::string scopes = {};
  Time granted_at{};
};
std::vector<Consent> of_user(Connection& tx, UserId user);  // newest first
bool remove(Connection& tx, UserId user, ApplicationId application);
}  // namespace consents

namespace tickets {
void insert(Connection& tx, const Ticket& ticket);
// Inserts it used up already: false where one of its hash was there before.
bool claim(Connection& tx, const Ticket& ticket, Time now);
// The ticket while it lasts, used up or not.
std::optional<Ticket> find(Connection& tx, std::string_view hash, std::string_view kind, Time now);
// Uses it up: its payload, once, before its end.
std::optional<std::string> use(Connection& tx, std::string_view hash, std::string_view kind, Time now);
}  // namespace tickets

namespace revocations {
void add(Connection& tx, const Revocation& revocation);  // the later end counts
std::vector<Revocation> list(Connection& tx, Time now);
}  // namespace revocations

// Expired codes, tickets, families and revocations, sessions not seen for 90 days; at most `limit` rows of each. For
// the janitor.
std::int64_t remove_spent_grants(Connection& tx, Time now, std::size_t limit);

}  // namespace hg::store
