// The issuer's consents: what users let applications do, remembered until they take it away.
#include <fmt/format.h>

#include <algorithm>

#include "identity/consent.h"
#include "identity/issuer.h"
#include "store/directory.h"

namespace hg::identity {

namespace {

std::string united(std::string granted, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (!consent_covers(granted, {name})) granted += (granted.empty() ? "" : " ") + name;
  return granted;
}

void note(store::Connection& tx, Time now, UserId user, std::string action, const ApplicationId& application,
          std::string_view scopes) {
  std::string detail;
  JsonWriter(detail).object().field("clientId", application).field("scopes", scopes).end();
  store::audit::append(
      tx, {.at = now, .actor = user.str(), .action = std::move(action), .target = user.str(), .detail = detail});
}

}  // namespace

asio::awaitable<bool> Issuer::consented(UserId user, ApplicationId application, std::vector<std::string> names) {
  co_return co_await database_.read([&](store::Connection& tx) {
    const auto granted = store::consents::find(tx, user, application);
    return consent_covers(granted.value_or(""), names);
  });
}

asio::awaitable<void> Issuer::consent(UserId user, ApplicationId application, std::vector<std::string> names) {
  co_await database_.transact([&](store::Connection& tx) {
    store::lock_directory(tx);  // what was granted before is granted with it
    const Time now = clock_.now();
    const std::string before = store::consents::find(tx, user, application).value_or("");
    const std::string after = united(before, names);
    if (after == before) return;
    store::consents::grant(tx, user, application, after, now);
    note(tx, now, user, "consent.grant", application, after);
  });
}

asio::awaitable<std::vector<store::consents::Consent>> Issuer::consents(UserId user) {
  co_return co_await database_.read([&](store::Connection& tx) { return store::consents::of_user(tx, user); });
}

asio::awaitable<bool> Issuer::withdraw_consent(UserId user, ApplicationId application) {
  const bool there = co_await database_.transact([&](store::Connection& tx) {
    const Time now = clock_.now();
    if (!store::consents::remove(tx, user, application)) return false;
    for (const auto& family : store::families::of_user(tx, user, application, now)) {
      store::families::revoke(tx, family.id, now);
      store::revocations::add(tx, {store::Revocation::Kind::family, family.id, now + kRevocationLife});
    }
    note(tx, now, user, "consent.withdraw", application, "");
    return true;
  });
  if (there) co_await registry_.reload();
  co_return there;
}

asio::awaitable<std::vector<store::Session>> Issuer::sessions(UserId user) {
  const Time now = clock_.now();
  auto all = co_await database_.read([&](store::Connection& tx) { return store::sessions::of_user(tx, user); });
  // One that is idle keeps the refresh tokens that came of it alive, and so it is still to be seen.
  std::erase_if(all, [&](const store::Session& session) { return session.created_at + kRefreshLife <= now; });
  co_return all;
}

asio::awaitable<bool> Issuer::end_session_of(UserId user, Guid session) {
  const bool ended = co_await database_.transact([&](store::Connection& tx) {
    const auto found = store::sessions::find(tx, session);
    if (!found || found->user != user || !store::sessions::revoke(tx, session, clock_.now())) return false;
    store::revocations::add(tx, {store::Revocation::Kind::session, session, clock_.now() + kRevocationLife});
    return true;
  });
  if (ended) co_await registry_.reload();
  co_return ended;
}

}  // namespace hg::identity
