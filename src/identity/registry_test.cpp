#include "identity/registry.h"

#include "identity/issuer.h"
#include "identity/testing.h"
#include "store/keys.h"

namespace hg::identity {
namespace {

struct RegistryTest : testing::Test, Deployment {
  const Application* application(const ApplicationId& id) { return registry.directory()->application(id); }
  store::AuditEntry last() { return run(registry.audit(1)).front(); }
};

TEST_F(RegistryTest, a_made_up_password_works_once_told) {
  NewUser bob;
  bob.upn = "bob@example.com";
  const auto added = run(registry.add_user(operator_, bob));
  ASSERT_TRUE(added);
  EXPECT_GE(added->made_up_password.size(), 12U);
  Issuer issuer{*store, registry, clock};
  EXPECT_TRUE(run(issuer.check_password("bob@example.com", added->made_up_password)));
}

TEST_F(RegistryTest, user_names_passwords_and_application_names_are_checked) {
  for (const char* upn : {"", "bob", "@example.com", "bob@", "bo b@example.com"}) {
    NewUser bob;
    bob.upn = upn;
    EXPECT_EQ(run(registry.add_user(operator_, bob)).error().code, Code::property_invalid) << upn;
  }
  NewUser brief;
  brief.upn = "bob@example.com";
  brief.password = "short";
  EXPECT_EQ(run(registry.add_user(operator_, brief)).error().target, "/password");
  const auto refused = [&](std::string mail, std::string locale, std::string time_zone) {
    UserChange change;
    change.mail = std::move(mail);
    change.locale = std::move(locale);
    change.time_zone = std::move(time_zone);
    const auto changed = run(registry.change_user(operator_, alice.id, change));
    return changed ? std::string() : changed.error().target;
  };
  EXPECT_EQ(refused("nomail", "", ""), "/mail");
  EXPECT_EQ(refused("a@b\r\nBcc: c@d", "", ""), "/mail");
  EXPECT_EQ(refused("", "en GB", ""), "/locale");
  EXPECT_EQ(refused("", "", "Europe\nBerlin"), "/timeZone");
  for (const char* zone : {"America/Argentina/Buenos_Aires", "Etc/GMT+3", "Pacific Standard Time"})
    EXPECT_EQ(refused("a@b.example", "de-AT", zone), "") << zone;
  NewUser twin;
  twin.upn = "ALICE@example.com";
  EXPECT_EQ(run(registry.add_user(operator_, twin)).error().code, Code::conflict);
  EXPECT_EQ(run(registry.add_application(operator_, {})).error().target, "/displayName");
}

TEST_F(RegistryTest, every_change_is_seen_at_once) {
  const auto before = registry.directory();
  int told = 0;
  registry.on_change([&] { ++told; });
  const auto id = add("another", {{"spa", "http://localhost:3000/done"}});
  EXPECT_EQ(before->application(id), nullptr) << "a picture that is held stays as it was";
  ASSERT_NE(application(id), nullptr);
  EXPECT_GT(registry.directory()->version(), before->version());
  EXPECT_EQ(told, 1);
}

TEST_F(RegistryTest, what_another_node_changed_is_seen_once_it_looks) {
  Registry elsewhere{*store, key, clock};
  elsewhere.load();
  int own = 0, seen = 0;
  registry.on_own_change([&] { ++own; });
  elsewhere.on_own_change([&] { ADD_FAILURE() << "it changed nothing"; });
  elsewhere.on_change([&] { ++seen; });

  const auto id = add("another", {{"spa", "http://localhost:3000/done"}});
  EXPECT_EQ(own, 1);
  EXPECT_EQ(elsewhere.directory()->application(id), nullptr);
  run(elsewhere.refresh());
  run(elsewhere.refresh());

  EXPECT_NE(elsewhere.directory()->application(id), nullptr);
  EXPECT_EQ(seen, 1) << "once for one change";
}

TEST_F(RegistryTest, origins_of_pages_are_allowed_while_their_application_is) {
  const auto id = add("another", {{"spa", "http://localhost:3000/done"}, {"web", "https://web.example/"}});
  const auto allowed = [&](std::string_view origin) { return registry.directory()->spa_origin(origin); };
  for (const char* origin : {"https://page.example", "http://localhost:3000", "http://localhost:5173"})
    EXPECT_TRUE(allowed(origin)) << origin;
  for (const char* origin : {"", "null", "https://web.example", "http://page.example", "https://page.example:8443",
                             "https://page.example.evil.example", "https://localhost:3000", "http://127.0.0.1:3000"})
    EXPECT_FALSE(allowed(origin)) << origin;
  ApplicationChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_application(operator_, id, block)));
  EXPECT_FALSE(allowed("http://localhost:3000"));
}

TEST_F(RegistryTest, a_secret_makes_an_application_confidential_and_is_shown_once) {
  EXPECT_FALSE(application(page)->confidential);
  const auto added = run(registry.add_secret(operator_, page, "", std::nullopt));
  ASSERT_TRUE(added);
  EXPECT_TRUE(application(page)->confidential);
  EXPECT_GE(from_base64url(added->clear)->size(), 32U);
  EXPECT_EQ(added->secret.hint, added->clear.substr(0, 4));
  EXPECT_EQ(application(page)->secrets.front().sha256, as_text(crypto::sha256(added->clear)));
  EXPECT_EQ(last().detail.find(added->clear), std::string::npos);
  EXPECT_FALSE(run(registry.add_secret(operator_, page, "", clock.now())));
}

TEST_F(RegistryTest, an_api_is_named_by_a_uri_that_is_nobody_elses) {
  ApplicationChange change;
  const auto set = [&](const ApplicationId& id, std::string uri) {
    change.app_id_uri = std::move(uri);
    return run(registry.change_application(operator_, id, change));
  };
  for (const char* good : {"api://orders", "https://orders.example/api", "api://Orders.Example/v1", ""})
    EXPECT_TRUE(set(server, good)) << good;
  for (const char* bad :
       {"orders", "api://", "https://", "http://orders.example", "api://orders/", "api://or ders", "urn:orders",
        "api://heliograph", "API://Heliograph", "https://graph.microsoft.com", "https://activity.windows.com"})
    EXPECT_EQ(set(server, bad).error().target, "/appIdUri") << bad;
  EXPECT_TRUE(set(server, "api://orders"));
  EXPECT_TRUE(set(server, "api://orders")) << "its own";
  EXPECT_EQ(set(page, "api://ORDERS").error().code, Code::conflict);
  EXPECT_EQ(set(page, "api://" + server.str()).error().code, Code::conflict);
  EXPECT_TRUE(set(page, "api://" + page.str()));
}

TEST_F(RegistryTest, a_scope_that_is_exposed_is_one_word) {
  ApplicationChange change;
  for (const char* good : {"access_as_user", "Orders.Read", "a"}) {
    change.exposed_scopes = {good};
    EXPECT_TRUE(run(registry.change_application(operator_, server, change))) << good;
  }
  for (const char* bad : {"", "two words", "a/b", "a\"b", ".default"}) {
    change.exposed_scopes = {"good", bad};
    EXPECT_EQ(run(registry.change_application(operator_, server, change)).error().target, "/exposedScopes") << bad;
  }
}

TEST_F(RegistryTest, an_application_may_have_limits_of_its_own) {
  ApplicationChange change;
  change.calls = 0;
  change.user_calls = 30;
  ASSERT_TRUE(run(registry.change_application(operator_, server, change)));
  EXPECT_EQ(application(server)->calls, 0);
  EXPECT_EQ(application(server)->user_calls, 30);
  ApplicationChange back;
  back.calls = std::optional<std::int64_t>();
  ASSERT_TRUE(run(registry.change_application(operator_, server, back)));
  EXPECT_FALSE(application(server)->calls);
  EXPECT_EQ(application(server)->user_calls, 30) << "what is not said stays";
  back.calls = -1;
  EXPECT_EQ(run(registry.change_application(operator_, server, back)).error().target, "/callsPerMinute");
}

TEST_F(RegistryTest, redirect_uris_come_and_go_by_kind) {
  ASSERT_TRUE(run(registry.add_redirect_uri(operator_, page, "web", "https://new.example/")));
  EXPECT_EQ(run(registry.add_redirect_uri(operator_, page, "spa", "https://new.example/")).error().code,
            Code::conflict);
  EXPECT_EQ(run(registry.add_redirect_uri(operator_, page, "web", "http://new.example/")).error().code,
            Code::property_invalid);
  EXPECT_EQ(run(registry.remove_redirect_uri(operator_, page, "spa", "https://new.example/")).error().code,
            Code::not_found);
  EXPECT_TRUE(run(registry.remove_redirect_uri(operator_, page, "web", "https://new.example/")));
}

TEST_F(RegistryTest, a_cross_device_app_has_members_platforms_and_domains) {
  const auto id = run(registry.add_cross_device_app(operator_, "App.Example.com", {page}, true));
  ASSERT_TRUE(id);
  ASSERT_TRUE(run(registry.add_member(operator_, *id, server)));
  ASSERT_TRUE(run(registry.add_platform_id(operator_, *id, "android", "com.example.app")));
  ASSERT_TRUE(run(registry.add_sender_domain(operator_, *id, "Mail.Example.com")));
  const auto directory = registry.directory();
  const CrossDeviceApp* app = directory->cross_device_app("APP.example.COM");
  ASSERT_NE(app, nullptr);
  EXPECT_EQ(app->members.size(), 2U);
  EXPECT_EQ(app->sender_domains, std::vector<std::string>{"mail.example.com"});
  EXPECT_EQ(from_base64url(app->vapid_public_key)->size(), 65U);
  EXPECT_EQ(directory->apps_of(server), std::vector<AppId>{*id});
  EXPECT_EQ(run(registry.add_cross_device_app(operator_, "app.example.com", {}, true)).error().code, Code::conflict);
  ASSERT_TRUE(run(registry.remove_member(operator_, *id, server)));
  EXPECT_TRUE(registry.directory()->apps_of(server).empty());
}

TEST_F(RegistryTest, a_platform_has_ten_app_ids_at_most) {
  const auto id = run(registry.add_cross_device_app(operator_, "app.example.com", {}, true));
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(run(registry.add_platform_id(operator_, *id, "ios", "com.example.app" + std::to_string(i))));
  EXPECT_EQ(run(registry.add_platform_id(operator_, *id, "ios", "com.example.more")).error().code, Code::conflict);
  EXPECT_TRUE(run(registry.add_platform_id(operator_, *id, "ios", "com.example.app0"))) << "it is there already";
  EXPECT_TRUE(run(registry.add_platform_id(operator_, *id, "web", "com.example.more")));
  EXPECT_EQ(run(registry.add_platform_id(operator_, *id, "palm", "x")).error().code, Code::property_invalid);
}

TEST_F(RegistryTest, the_audit_log_says_who_did_what_to_whom) {
  ASSERT_TRUE(run(registry.add_redirect_uri({"carol@example.com"}, page, "web", "https://new.example/")));
  const auto entry = last();
  EXPECT_EQ(entry.actor, "carol@example.com");
  EXPECT_EQ(entry.action, "application.redirectUri.add");
  EXPECT_EQ(entry.target, page.str());
  EXPECT_EQ(entry.detail, R"({"kind":"web","uri":"https://new.example/"})");
  EXPECT_EQ(store->read_now([](store::Connection& tx) { return store::audit::first_broken(tx); }), std::nullopt);
}

TEST_F(RegistryTest, a_refused_change_leaves_no_line) {
  const auto before = last().seq;
  EXPECT_FALSE(run(registry.remove_user(operator_, UserId{crypto::random_guid()})));
  EXPECT_EQ(last().seq, before);
}

TEST_F(RegistryTest, the_signing_key_survives_a_restart_and_opens_with_its_own_key_alone) {
  const std::string kid = registry.directory()->signing_kid();
  EXPECT_EQ(registry.directory()->jwks().find("\"d\""), std::string::npos) << "the private half stays here";
  store.reopen();
  Registry again{*store, key, clock};
  again.load();
  EXPECT_EQ(again.directory()->signing_kid(), kid);
  Registry stranger{*store, crypto::SealingKey::generate(), clock};
  EXPECT_THROW(stranger.load(), std::runtime_error);
}

TEST_F(RegistryTest, a_dump_of_the_database_holds_no_secret) {
  const auto der = registry.directory()->signing_key().der();
  const auto stored = store->read_now([](store::Connection& tx) { return store::keys::list(tx); });
  EXPECT_EQ(stored.front().sealed_private.find(as_text(Bytes(der).subspan(30, 32))), std::string::npos);
}

}  // namespace
}  // namespace hg::identity
