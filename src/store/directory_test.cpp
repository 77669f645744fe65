#include "store/directory.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "store/applications.h"
#include "store/audit.h"
#include "store/cross_device.h"
#include "store/engines_for_tests.h"
#include "store/grants.h"
#include "store/keys.h"
#include "store/migrate.h"
#include "store/settings.h"
#include "store/users.h"

namespace hg::store {
namespace {

constexpr Time kNow = from_ms(1'800'000'000'000);
constexpr Duration kMinute = std::chrono::minutes(1);

std::string hash(std::string_view text) { return std::string(as_text(crypto::sha256(text))); }

struct Directory : testing::TestWithParam<const Engine*> {
  TemporaryFolder folder;
  const std::unique_ptr<Connection> connection = GetParam()->open(GetParam()->place(folder));
  Connection& tx = *connection;
  const User anna{.id = {crypto::random_guid()},
                  .upn = "Anna@Example.org",
                  .display_name = "Anna",
                  .mail = "anna@example.org",
                  .locale = "de-DE",
                  .time_zone = "Europe/Berlin",
                  .password_hash = "$argon2id$",
                  .admin = true,
                  .created_at = kNow};
  const Application app{.id = {crypto::random_guid()},
                        .name = "Mail",
                        .confidential = true,
                        .created_at = kNow,
                        .redirect_uris = {{"web", "https://mail.example.org/\"cb\""}, {"native", "http://localhost"}},
                        .scopes = {"openid", "Notifications.ReadWrite.CreatedByApp"},
                        .exposed_scopes = {"access_as_user"},
                        .app_id_uri = "api://mail"};
  const CrossDeviceApp host{.id = {crypto::random_guid()},
                            .host_name = "Mail.Example.org",
                            .display_name = "Mail everywhere",
                            .allow_unverified = true,
                            .platform_ids = {{"windows_universal", "8wekyb"}, {"ios", "org.example.mail"}},
                            .sender_domains = {"example.org"},
                            .created_at = kNow};
  const Session session{.id = crypto::random_guid(),
                        .user = anna.id,
                        .cookie_hash = hash("cookie"),
                        .created_at = kNow,
                        .last_seen_at = kNow};
  const RefreshFamily family{.id = crypto::random_guid(),
                             .user = anna.id,
                             .application = app.id,
                             .session = session.id,
                             .scopes = "openid offline_access",
                             .audience = "graph",
                             .current_hash = hash("first"),
                             .created_at = kNow,
                             .last_used_at = kNow,
                             .expires_at = kNow + std::chrono::days(90)};

  void SetUp() override { ASSERT_TRUE(migrate(tx, GetParam()->migrations(), kNow)); }

  // How many changes of the directory `work` makes.
  template <class F>
  std::int64_t changes(F work) {
    const auto before = directory_version(tx);
    work();
    return directory_version(tx) - before;
  }
};

using Users = Directory;
HG_ON_BOTH_ENGINES(Users);

TEST_P(Users, are_found_as_they_were_made) {
  ASSERT_TRUE(users::insert(tx, anna));
  const auto found = users::find(tx, anna.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->upn, "Anna@Example.org");
  EXPECT_EQ(found->display_name, "Anna");
  EXPECT_EQ(found->mail, "anna@example.org");
  EXPECT_EQ(found->locale, "de-DE");
  EXPECT_EQ(found->time_zone, "Europe/Berlin");
  EXPECT_EQ(found->password_hash, "$argon2id$");
  EXPECT_TRUE(found->admin);
  EXPECT_FALSE(found->blocked);
  EXPECT_EQ(found->created_at, kNow);
  EXPECT_FALSE(found->removed_at);
}

TEST_P(Users, have_names_unique_without_regard_to_case) {
  ASSERT_TRUE(users::insert(tx, anna));
  EXPECT_EQ(users::find_by_upn(tx, "ANNA@example.ORG")->id, anna.id);
  User second = anna;
  second.id = {crypto::random_guid()};
  second.upn = "anna@EXAMPLE.org";
  EXPECT_EQ(users::insert(tx, second).error().code, Code::conflict);
  second.upn = "berta@example.org";
  ASSERT_TRUE(users::insert(tx, second));
  second.upn = "anna@example.org";
  EXPECT_EQ(users::update(tx, second).error().code, Code::conflict);
}

TEST_P(Users, are_changed_and_listed_as_blocked) {
  ASSERT_TRUE(users::insert(tx, anna));
  User changed = anna;
  changed.blocked = true;
  changed.display_name = "Anna B.";
  EXPECT_EQ(changes([&] { EXPECT_TRUE(users::update(tx, changed)); }), 1);
  EXPECT_EQ(users::find(tx, anna.id)->display_name, "Anna B.");
  EXPECT_EQ(users::blocked(tx), std::vector{anna.id});
}

TEST_P(Users, leave_a_tombstone_and_a_free_name) {
  ASSERT_TRUE(users::insert(tx, anna));
  EXPECT_TRUE(users::remove(tx, anna.id, kNow));
  EXPECT_FALSE(users::remove(tx, anna.id, kNow));
  EXPECT_EQ(users::find_by_upn(tx, anna.upn), std::nullopt);
  EXPECT_EQ(users::find(tx, anna.id)->removed_at, kNow);
  EXPECT_EQ(users::find(tx, anna.id)->password_hash, "");
  EXPECT_EQ(users::blocked(tx), std::vector{anna.id});
  EXPECT_EQ(users::update(tx, anna).error().code, Code::not_found);
  User second = anna;
  second.id = {crypto::random_guid()};
  EXPECT_TRUE(users::insert(tx, second));
  EXPECT_EQ(users::count(tx), 1);
}

TEST_P(Users, are_listed_page_by_page) {
  for (const auto* upn : {"c@x", "A@x", "b@x"}) {
    User user = anna;
    user.id = {crypto::random_guid()};
    user.upn = upn;
    ASSERT_TRUE(users::insert(tx, user));
  }
  const auto first = users::list(tx, "", 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].upn, "A@x");
  const auto second = users::list(tx, lower(first[1].upn), 2);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].upn, "c@x");
}

using Applications = Directory;
HG_ON_BOTH_ENGINES(Applications);

TEST_P(Applications, are_found_as_they_were_made) {
  EXPECT_EQ(changes([&] { ASSERT_TRUE(applications::insert(tx, app)); }), 1);
  const auto found = applications::find(tx, app.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, app.name);
  EXPECT_TRUE(found->confidential);
  EXPECT_FALSE(found->pkce_optional);
  EXPECT_EQ(found->redirect_uris, app.redirect_uris);
  EXPECT_EQ(found->scopes, app.scopes);
  EXPECT_EQ(found->exposed_scopes, app.exposed_scopes);
  EXPECT_EQ(found->app_id_uri, app.app_id_uri);
  EXPECT_EQ(applications::insert(tx, app).error().code, Code::conflict);
  EXPECT_EQ(applications::list(tx).size(), 1U);
}

TEST_P(Applications, are_blocked_and_the_directory_moves) {
  ASSERT_TRUE(applications::insert(tx, app));
  Application blocked = app;
  blocked.blocked = true;
  EXPECT_EQ(changes([&] { EXPECT_TRUE(applications::update(tx, blocked)); }), 1);
  EXPECT_TRUE(applications::find(tx, app.id)->blocked);
  blocked.id = {crypto::random_guid()};
  EXPECT_EQ(changes([&] { EXPECT_EQ(applications::update(tx, blocked).error().code, Code::not_found); }), 0);
}

TEST_P(Applications, have_secrets_that_go_with_them) {
  ASSERT_TRUE(applications::insert(tx, app));
  const Secret secret{.id = crypto::random_guid(),
                      .application = app.id,
                      .sha256 = hash("secret"),
                      .hint = "sec",
                      .created_at = kNow,
                      .expires_at = kNow + kMinute};
  applications::add_secret(tx, secret);
  const auto found = applications::secrets(tx, app.id);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].sha256, secret.sha256);
  EXPECT_EQ(found[0].expires_at, secret.expires_at);
  EXPECT_FALSE(applications::remove_secret(tx, {crypto::random_guid()}, secret.id));
  EXPECT_TRUE(applications::remove(tx, app.id));
  EXPECT_TRUE(applications::secrets(tx, app.id).empty());
}

using CrossDevice = Directory;
HG_ON_BOTH_ENGINES(CrossDevice);

TEST_P(CrossDevice, apps_are_found_as_they_were_made) {
  ASSERT_TRUE(cross_device::insert(tx, host));
  const auto found = cross_device::find_by_host(tx, "mail.example.ORG");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, host.id);
  EXPECT_EQ(found->host_name, host.host_name);
  EXPECT_EQ(found->platform_ids, host.platform_ids);
  EXPECT_EQ(found->sender_domains, host.sender_domains);
  EXPECT_TRUE(found->allow_unverified);
  EXPECT_FALSE(found->verified);
}

TEST_P(CrossDevice, a_host_name_belongs_to_one) {
  ASSERT_TRUE(cross_device::insert(tx, host));
  CrossDeviceApp second = host;
  second.id = {crypto::random_guid()};
  EXPECT_EQ(cross_device::insert(tx, second).error().code, Code::conflict);
  second.host_name = "other.example.org";
  ASSERT_TRUE(cross_device::insert(tx, second));
  second.host_name = "MAIL.example.org";
  EXPECT_EQ(cross_device::update(tx, second).error().code, Code::conflict);
}

TEST_P(CrossDevice, members_are_found_from_both_sides_and_counted_once) {
  ASSERT_TRUE(cross_device::insert(tx, host));
  ASSERT_TRUE(applications::insert(tx, app));
  EXPECT_TRUE(cross_device::add_member(tx, host.id, app.id));
  EXPECT_EQ(changes([&] { EXPECT_FALSE(cross_device::add_member(tx, host.id, app.id)); }), 0);
  EXPECT_EQ(cross_device::members(tx, host.id), std::vector{app.id});
  EXPECT_EQ(cross_device::apps_of(tx, app.id), std::vector{host.id});
  EXPECT_EQ(cross_device::members(tx).size(), 1U);
  EXPECT_TRUE(cross_device::remove_member(tx, host.id, app.id));
  EXPECT_TRUE(cross_device::apps_of(tx, app.id).empty());
}

TEST_P(CrossDevice, vapid_keys_retire_and_go_with_their_app) {
  ASSERT_TRUE(cross_device::insert(tx, host));
  const VapidKey key{.app = host.id,
                     .id = crypto::random_guid(),
                     .public_key = "BPub",
                     .sealed_private = std::string("\0sealed", 7),
                     .created_at = kNow};
  cross_device::add_vapid_key(tx, key);
  EXPECT_EQ(cross_device::vapid_keys(tx, host.id).at(0).sealed_private, key.sealed_private);
  EXPECT_TRUE(cross_device::retire_vapid_key(tx, host.id, key.id, kNow));
  EXPECT_FALSE(cross_device::retire_vapid_key(tx, host.id, key.id, kNow));
  EXPECT_EQ(cross_device::vapid_keys(tx, host.id).at(0).retired_at, kNow);
  EXPECT_TRUE(cross_device::remove(tx, host.id));
  EXPECT_TRUE(cross_device::vapid_keys(tx, host.id).empty());
}

using Keys = Directory;
HG_ON_BOTH_ENGINES(Keys);

TEST_P(Keys, one_signs_at_a_time) {
  const auto key = [](std::string kid) {
    return SigningKey{.kid = std::move(kid),
                      .algorithm = "RS256",
                      .sealed_private = "sealed",
                      .public_jwk = "{}",
                      .created_at = kNow};
  };
  keys::insert(tx, key("a"));
  keys::insert(tx, key("b"));
  EXPECT_TRUE(keys::activate(tx, "a", kNow));
  EXPECT_EQ(changes([&] { EXPECT_TRUE(keys::activate(tx, "b", kNow + kMinute)); }), 1);
  EXPECT_EQ(keys::find(tx, "a")->state, SigningKey::State::retired);
  EXPECT_EQ(keys::find(tx, "a")->retired_at, kNow + kMinute);
  EXPECT_EQ(keys::find(tx, "b")->state, SigningKey::State::current);
  EXPECT_FALSE(keys::activate(tx, "c", kNow));
  EXPECT_EQ(keys::find(tx, "b")->state, SigningKey::State::current);
  EXPECT_TRUE(keys::remove(tx, "a"));
  EXPECT_EQ(keys::list(tx).size(), 1U);
}

using Grants = Directory;
HG_ON_BOTH_ENGINES(Grants);

TEST_P(Grants, a_code_is_redeemed_once) {
  const AuthorizationCode code{.hash = hash("code"),
                               .application = app.id,
                               .user = anna.id,
                               .session = session.id,
                               .redirect_uri = "http://localhost",
                               .code_challenge = "challenge",
                               .nonce = "nonce",
                               .scopes = "openid",
                               .audience = "graph",
                               .created_at = kNow,
                               .expires_at = kNow + kMinute};
  codes::insert(tx, code);
  EXPECT_EQ(codes::find(tx, hash("code"))->redirect_uri, "http://localhost");
  EXPECT_EQ(codes::find(tx, hash("code"))->expires_at, kNow + kMinute);
  EXPECT_TRUE(codes::redeem(tx, hash("code"), family.id, kNow));
  EXPECT_FALSE(codes::redeem(tx, hash("code"), std::nullopt, kNow));
  EXPECT_EQ(codes::find(tx, hash("code"))->family, family.id);
  EXPECT_FALSE(codes::find(tx, hash("other")));
}

TEST_P(Grants, a_refresh_token_rotates_once_and_its_forerunner_is_known) {
  families::insert(tx, family);
  EXPECT_TRUE(families::rotate(tx, family.id, hash("first"), hash("second"), kNow + kMinute));
  EXPECT_FALSE(families::rotate(tx, family.id, hash("first"), hash("third"), kNow));
  EXPECT_EQ(families::find_by_token(tx, hash("second"))->id, family.id);
  EXPECT_EQ(families::find_by_token(tx, hash("first"))->current_hash, hash("second"));
  EXPECT_EQ(families::find(tx, family.id)->last_used_at, kNow + kMinute);
  EXPECT_FALSE(families::find_by_token(tx, hash("third")));
}

TEST_P(Grants, a_revoked_family_rotates_no_more) {
  families::insert(tx, family);
  EXPECT_TRUE(families::revoke(tx, family.id, kNow));
  EXPECT_FALSE(families::revoke(tx, family.id, kNow));
  EXPECT_FALSE(families::rotate(tx, family.id, hash("first"), hash("second"), kNow));
}

TEST_P(Grants, families_are_revoked_by_user_and_by_application) {
  RefreshFamily second = family;
  second.id = crypto::random_guid();
  second.current_hash = hash("another");
  second.user = {crypto::random_guid()};
  families::insert(tx, family);
  families::insert(tx, second);
  EXPECT_EQ(families::revoke_of_user(tx, anna.id, kNow), 1);
  EXPECT_EQ(families::revoke_of_application(tx, app.id, kNow), 1);
}

TEST_P(Grants, a_session_ends_with_its_refresh_tokens) {
  sessions::insert(tx, session);
  families::insert(tx, family);
  sessions::touch(tx, session.id, kNow + kMinute);
  EXPECT_EQ(sessions::find_by_cookie(tx, hash("cookie"))->last_seen_at, kNow + kMinute);
  EXPECT_EQ(sessions::of_user(tx, anna.id).size(), 1U);
  EXPECT_TRUE(sessions::revoke(tx, session.id, kNow));
  EXPECT_FALSE(sessions::revoke(tx, session.id, kNow));
  EXPECT_TRUE(sessions::of_user(tx, anna.id).empty());
  EXPECT_EQ(families::find(tx, family.id)->revoked_at, kNow);
  EXPECT_EQ(sessions::find(tx, session.id)->revoked_at, kNow);
}

TEST_P(Grants, a_consent_replaces_the_one_before) {
  consents::grant(tx, anna.id, app.id, "openid", kNow);
  consents::grant(tx, anna.id, app.id, "openid profile", kNow);
  EXPECT_EQ(consents::find(tx, anna.id, app.id), "openid profile");
  EXPECT_TRUE(consents::remove(tx, anna.id, app.id));
  EXPECT_EQ(consents::find(tx, anna.id, app.id), std::nullopt);
}

TEST_P(Grants, a_ticket_is_good_once_for_its_kind_and_before_its_end) {
  const auto end = kNow + kMinute;
  tickets::insert(tx, {.hash = hash("ticket"), .kind = "stream", .payload = "{}", .expires_at = end});
  EXPECT_EQ(tickets::use(tx, hash("ticket"), "other", kNow), std::nullopt);
  EXPECT_EQ(tickets::use(tx, hash("ticket"), "stream", end), std::nullopt);
  EXPECT_EQ(tickets::use(tx, hash("ticket"), "stream", kNow), "{}");
  EXPECT_EQ(tickets::use(tx, hash("ticket"), "stream", kNow), std::nullopt);
  EXPECT_TRUE(tickets::find(tx, hash("ticket"), "stream", kNow));
}

TEST_P(Grants, the_later_end_of_a_revocation_counts) {
  const auto revoke = [&](Time until) {
    revocations::add(tx, {.kind = Revocation::Kind::session, .subject = session.id, .until = until});
  };
  EXPECT_EQ(changes([&] { revoke(kNow + 2 * kMinute); }), 1);
  revoke(kNow + kMinute);
  const auto held = revocations::list(tx, kNow + kMinute);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].subject, session.id);
  EXPECT_EQ(held[0].until, kNow + 2 * kMinute);
  EXPECT_TRUE(revocations::list(tx, kNow + 2 * kMinute).empty());
}

TEST_P(Grants, what_has_run_out_is_removed_a_few_at_a_time) {
  for (int i = 0; i < 3; ++i)
    tickets::insert(tx, {.hash = hash(std::to_string(i)), .kind = "stream", .payload = "", .expires_at = kNow});
  tickets::insert(tx, {.hash = hash("kept"), .kind = "stream", .payload = "", .expires_at = kNow + kMinute});
  families::insert(tx, family);
  sessions::insert(tx, session);
  EXPECT_EQ(remove_spent_grants(tx, kNow, 2), 2);
  EXPECT_EQ(remove_spent_grants(tx, kNow, 2), 1);
  EXPECT_EQ(remove_spent_grants(tx, kNow, 2), 0);
  EXPECT_EQ(remove_spent_grants(tx, kNow + std::chrono::days(91), 2), 3);
}

using Audit = Directory;
HG_ON_BOTH_ENGINES(Audit);

TEST_P(Audit, entries_are_numbered_and_follow_from_each_other) {
  const auto first =
      audit::append(tx, {.at = kNow, .actor = "cli", .action = "user.create", .target = "anna", .detail = "{}"});
  const auto second =
      audit::append(tx, {.at = kNow, .actor = "cli", .action = "user.block", .target = "anna", .detail = ""});
  EXPECT_EQ(first.seq, 1);
  EXPECT_EQ(second.seq, 2);
  EXPECT_EQ(second.previous_hash, first.hash);
  EXPECT_EQ(audit::list(tx, 0, 10).at(0).action, "user.block");
  EXPECT_EQ(audit::list(tx, 2, 10).at(0).action, "user.create");
  EXPECT_EQ(audit::first_broken(tx), std::nullopt);
}

TEST_P(Audit, a_changed_or_missing_entry_is_seen) {
  for (int i = 0; i < 4; ++i)
    audit::append(tx, {.at = kNow, .actor = "cli", .action = "a", .target = std::to_string(i), .detail = ""});
  tx.begin();
  tx.exec("UPDATE audit SET target = $1 WHERE seq = $2", {"other", 3});
  EXPECT_EQ(audit::first_broken(tx), 3);
  tx.rollback();
  tx.exec("DELETE FROM audit WHERE seq = $1", {2});
  EXPECT_EQ(audit::first_broken(tx), 3);
}

using Settings = Directory;
HG_ON_BOTH_ENGINES(Settings);

TEST_P(Settings, are_kept_by_name) {
  EXPECT_EQ(settings::find(tx, "epoch"), std::nullopt);
  settings::put(tx, "epoch", "1");
  settings::put(tx, "epoch", "2");
  EXPECT_EQ(settings::find(tx, "epoch"), "2");
}

}  // namespace
}  // namespace hg::store
