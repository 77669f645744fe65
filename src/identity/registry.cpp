#include "identity/registry.h"

#include <fmt/format.h>

#include <charconv>

#include "crypto/hash.h"
#include "crypto/password.h"
#include "identity/change.h"
#include "identity/lifetimes.h"
#include "identity/signing_keys.h"
#include "store/audit.h"
#include "store/directory.h"
#include "store/erase.h"
#include "store/keys.h"
#include "store/settings.h"

namespace hg::identity {

namespace {

Result<void> check_upn(const std::string& upn) {
  const std::size_t at = upn.find('@');
  if (at == 0 || at == std::string::npos || at + 1 == upn.size() || upn.size() > 320 ||
      upn.find_first_of(" \t\r\n/") != std::string::npos)
    return fail(Code::property_invalid,
                fmt::format("\"{}\" is no user principal name; it is of the form alice@example.com", upn),
                "/userPrincipalName");
  return {};
}

Result<void> check_password(const std::string& password) {
  if (password.size() < 12 || password.size() > 1024)
    return fail(Code::property_invalid, "a password has 12 to 1024 characters", "/password");
  return {};
}

// What mails go to, and what formats are chosen by: "" for none.
Result<void> check_profile(const std::string& mail, const std::string& locale, const std::string& time_zone) {
  const std::size_t at = mail.find('@');
  const bool address = at != std::string::npos && at > 0 && at + 1 < mail.size() && mail.size() <= 320 &&
                       mail.find_first_of(" \t\r\n<>,;") == std::string::npos;
  if (!mail.empty() && !address)
    return fail(Code::property_invalid, fmt::format("mail is \"{}\"; it is of the form alice@example.com", mail),
                "/mail");
  const auto made_of = [](const std::string& text, std::string_view others) {
    return text.size() <= 64 && std::ranges::all_of(text, [&](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.contains(c);
           });
  };
  if (!made_of(locale, "-_"))
    return fail(Code::property_invalid, fmt::format("locale is \"{}\"; it is of the form en-GB", locale), "/locale");
  if (!made_of(time_zone, "-_/+ "))
    return fail(Code::property_invalid, fmt::format("timeZone is \"{}\"; it is of the form Europe/Berlin", time_zone),
                "/timeZone");
  return {};
}

// Whoever holds a token of the user's has to sign in again.
void end_sign_ins(store::Connection& tx, const UserId& user, Time now) {
  for (const auto& family : store::families::of_user(tx, user, {}, now))
    store::revocations::add(tx, {store::Revocation::Kind::family, family.id, now + kRevocationLife});
  store::families::revoke_of_user(tx, user, now);
  for (const store::Session& session : store::sessions::of_user(tx, user)) {
    store::sessions::revoke(tx, session.id, now);
    store::revocations::add(tx, {store::Revocation::Kind::session, session.id, now + kRevocationLife});
  }
}

// Which properties are changed; their values are personal data and stay out of the log.
std::vector<std::pair<std::string, std::string>> changed(const UserChange& wanted) {
  std::string names;
  const auto add = [&](bool given, std::string_view name) {
    if (given) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
  };
  add(wanted.display_name.has_value(), "displayName");
  add(wanted.mail.has_value(), "mail");
  add(wanted.locale.has_value(), "locale");
  add(wanted.time_zone.has_value(), "timeZone");
  add(wanted.password.has_value(), "password");
  if (wanted.administrator) add(true, *wanted.administrator ? "administrator" : "administrator (no longer)");
  if (wanted.blocked) add(true, *wanted.blocked ? "blocked" : "blocked (no longer)");
  return {{"changed", names}};
}

}  // namespace

Registry::Registry(store::Database& database, const crypto::SealingKey& key, const Clock& clock)
    : database_(database), key_(key), clock_(clock) {}

void Registry::found(store::Connection& tx, const crypto::SealingKey& key, bool demo, Time now,
                     const crypto::PrivateKey& signing) {
  store::settings::put(tx, "tenant", crypto::random_guid().str());
  store::settings::put(tx, "demo", demo ? "true" : "false");
  // A store that was made anew never continues another one's versions.
  store::settings::put(tx, "epoch", std::to_string(static_cast<std::uint32_t>(to_ms(now) / 1000)));
  const store::SigningKey stored = make_signing_key(key, signing, now);
  store::keys::insert(tx, stored);
  store::keys::activate(tx, stored.kid, now);
}

bool Registry::opens(store::Connection& tx, const crypto::SealingKey& key) {
  const auto sealing = key.subkey(kSigningKeys);
  return std::ranges::all_of(store::keys::list(tx), [&](const store::SigningKey& stored) {
    return sealing.open(as_bytes(stored.kid), as_bytes(stored.sealed_private)).has_value();
  });
}

void Registry::load() {
  current_.store(database_.read_now([&](store::Connection& tx) { return Directory::load(tx, key_, clock_.now()); }));
}

asio::awaitable<void> Registry::reload() {
  co_await take_what_is_stored();
  if (own_listener_) own_listener_();
}

asio::awaitable<void> Registry::refresh() {
  const auto stored = co_await database_.read([](store::Connection& tx) { return store::directory_version(tx); });
  if (stored > directory()->version()) co_await take_what_is_stored();
}

asio::awaitable<void> Registry::take_what_is_stored() {
  // Read where it was written: a reader's picture may be a moment older.
  const auto loaded =
      co_await database_.transact([&](store::Connection& tx) { return Directory::load(tx, key_, clock_.now()); });
  // Two loops may reload at once, and the later picture may arrive first.
  auto seen = current_.load();
  while (seen->version() <= loaded->version() && !current_.replace(seen, loaded)) {
  }
  if (listener_) listener_();
}

asio::awaitable<std::vector<store::User>> Registry::users() {
  co_return co_await database_.read([](store::Connection& tx) {
    std::vector<store::User> all;
    for (std::string after;;) {
      auto page = store::users::list(tx, after, 100);
      if (page.empty()) return all;
      after = lower(page.back().upn);
      all.insert(all.end(), page.begin(), page.end());
    }
  });
}

asio::awaitable<std::optional<store::User>> Registry::user(std::string id_or_upn) {
  co_return co_await database_.read([&](store::Connection& tx) -> std::optional<store::User> {
    if (const auto id = UserId::parse(id_or_upn)) {
      auto found = store::users::find(tx, *id);
      return found && !found->removed_at ? found : std::nullopt;
    }
    return store::users::find_by_upn(tx, id_or_upn);
  });
}

// On a reading thread: argon2 would hold up a network loop.
asio::awaitable<std::string> Registry::hash_password(const std::string& password) {
  co_return co_await database_.read([&](store::Connection&) { return crypto::hash_password(password); });
}

asio::awaitable<Result<AddedUser>> Registry::add_user(Actor actor, NewUser user) {
  HG_CO_CHECK(check_upn(user.upn));
  HG_CO_CHECK(check_profile(user.mail, user.locale, user.time_zone));
  AddedUser added;
  const bool external = !user.issuer.empty();
  if (external != !user.subject.empty() || (external && !user.password.empty()))
    co_return fail(Code::property_invalid, "a user of another issuer has issuer and subject, and no password",
                   "/issuer");
  if (user.password.empty() && !external) added.made_up_password = user.password = crypto::random_token(12);
  if (!external) HG_CO_CHECK(check_password(user.password));
  const std::string hash = external ? "" : co_await hash_password(user.password);
  added.user = {.id = external ? external_user_id(user.issuer, user.subject) : UserId{crypto::random_guid()},
                .upn = user.upn,
                .display_name = user.display_name.empty() ? user.upn : user.display_name,
                .mail = user.mail,
                .locale = user.locale,
                .time_zone = user.time_zone,
                .password_hash = hash,
                .blocked = false,
                .admin = user.administrator,
                .created_at = clock_.now(),
                .removed_at = {}};
  Deed deed{"user.add", added.user.id.str(), {{"userPrincipalName", user.upn}}};
  co_return co_await change<AddedUser>(actor, deed, [&](store::Connection& tx) -> Result<AddedUser> {
    HG_CHECK(store::users::insert(tx, added.user));
    return added;
  });
}

asio::awaitable<Result<store::User>> Registry::change_user(Actor actor, UserId id, UserChange wanted) {
  HG_CO_CHECK(check_profile(wanted.mail.value_or(""), wanted.locale.value_or(""), wanted.time_zone.value_or("")));
  std::string hash;
  if (wanted.password) {
    HG_CO_CHECK(check_password(*wanted.password));
    hash = co_await hash_password(*wanted.password);
  }
  const std::string action = wanted.blocked ? (*wanted.blocked ? "user.block" : "user.unblock") : "user.change";
  Deed deed{action, id.str(), changed(wanted)};
  co_return co_await change<store::User>(actor, deed, [&](store::Connection& tx) -> Result<store::User> {
    auto user = store::users::find(tx, id);
    if (!user || user->removed_at) return fail(Code::not_found, "no such user");
    if (wanted.display_name) user->display_name = *wanted.display_name;
    if (wanted.mail) user->mail = *wanted.mail;
    if (wanted.locale) user->locale = *wanted.locale;
    if (wanted.time_zone) user->time_zone = *wanted.time_zone;
    if (wanted.administrator) user->admin = *wanted.administrator;
    if (wanted.blocked) user->blocked = *wanted.blocked;
    if (!hash.empty()) user->password_hash = hash;
    HG_CHECK(store::users::update(tx, *user));
    const bool demoted = wanted.administrator && !*wanted.administrator;
    if (wanted.blocked.value_or(false) || wanted.password || demoted) end_sign_ins(tx, id, clock_.now());
    return *user;
  });
}

asio::awaitable<Result<void>> Registry::remove_user(Actor actor, UserId id) {
  co_return co_await change<void>(actor, {"user.remove", id.str()}, [&](store::Connection& tx) -> Result<void> {
    if (!store::users::remove(tx, id, clock_.now())) return fail(Code::not_found, "no such user");
    end_sign_ins(tx, id, clock_.now());
    return {};
  });
}

asio::awaitable<Result<void>> Registry::erase_user(Actor actor, UserId id) {
  co_return co_await change<void>(actor, {"user.erase", id.str()}, [&](store::Connection& tx) -> Result<void> {
    if (!store::users::find(tx, id)) return fail(Code::not_found, "no such user");
    end_sign_ins(tx, id, clock_.now());
    store::erase_user(tx, id);
    // Its tokens outlive it.
    store::revocations::add(tx, {store::Revocation::Kind::user, id.guid, clock_.now() + kRevocationLife});
    return {};
  });
}

asio::awaitable<Result<void>> Registry::sign_out_user(Actor actor, UserId id) {
  co_return co_await change<void>(actor, {"user.signOut", id.str()}, [&](store::Connection& tx) -> Result<void> {
    const auto user = store::users::find(tx, id);
    if (!user || user->removed_at) return fail(Code::not_found, "no such user");
    end_sign_ins(tx, id, clock_.now());
    return {};
  });
}

asio::awaitable<Result<void>> Registry::remove_totp(Actor actor, UserId id) {
  co_return co_await change<void>(actor, {"user.totp.remove", id.str()}, [&](store::Connection& tx) -> Result<void> {
    auto user = store::users::find(tx, id);
    if (!user || user->removed_at) return fail(Code::not_found, "no such user");
    user->totp.clear();
    return store::users::update(tx, *user);
  });
}

asio::awaitable<void> Registry::note(Actor actor, std::string action, std::string target, std::string detail_json) {
  co_await database_.transact([&](store::Connection& tx) {
    store::audit::append(
        tx, {.at = clock_.now(), .actor = actor.name, .action = action, .target = target, .detail = detail_json});
  });
}

namespace {

std::string head_of(const store::AuditEntry& entry) {
  return fmt::format("{}:{}", entry.seq, hex(as_bytes(entry.hash)));
}

// The entry that a head names.
std::optional<std::int64_t> sequence_of(std::string_view head) {
  std::int64_t seq = 0;
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), seq);
  if (error != std::errc() || seq < 1) return std::nullopt;
  const std::string_view rest = head.substr(static_cast<std::size_t>(end - head.data()));
  const bool whole = rest.size() == 65 && rest.front() == ':' &&
                     rest.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
  return whole ? std::optional(seq) : std::nullopt;
}

// What does not fit the head that was kept.
std::string unlike(store::Connection& tx, const std::string& head) {
  const std::int64_t seq = sequence_of(head).value_or(0);
  const auto entry = store::audit::find(tx, seq);
  if (!entry) return fmt::format("entry {} is gone, and perhaps others after it", seq);
  return head_of(*entry) == lower(head) ? "" : fmt::format("entry {} or one before it is another than it was", seq);
}

}  // namespace

bool is_audit_head(std::string_view text) { return sequence_of(text).has_value(); }

asio::awaitable<AuditVerdict> Registry::verify_audit(std::string head) {
  co_return co_await database_.read([&](store::Connection& tx) {
    AuditVerdict verdict;
    if (const auto last = store::audit::list(tx, 0, 1); !last.empty()) {
      verdict.entries = last.front().seq;
      verdict.head = head_of(last.front());
    }
    if (const auto broken = store::audit::first_broken(tx))
      verdict.reason = fmt::format("entry {} does not follow from the one before it", *broken);
    else if (!head.empty())
      verdict.reason = unlike(tx, head);
    return verdict;
  });
}

asio::awaitable<std::vector<store::AuditEntry>> Registry::audit(std::size_t limit) {
  co_return co_await database_.read([&](store::Connection& tx) { return store::audit::list(tx, 0, limit); });
}

}  // namespace hg::identity
