#include "delivery/senders.h"

#include <gtest/gtest.h>

#include "base/run_for_tests.h"
#include "crypto/hash.h"
#include "delivery/testing.h"
#include "store/directory.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;

store::Credential credential(ChannelKind platform, std::vector<std::string> app_ids) {
  store::Credential made;
  made.id = crypto::random_guid();
  made.platform = platform;
  made.app_ids = std::move(app_ids);
  return made;
}

TEST(Senders, take_the_credentials_that_name_the_app_id_before_those_that_name_none) {
  const std::vector all{credential(ChannelKind::apns, {}), credential(ChannelKind::apns, {"com.contoso.Pro"}),
                        credential(ChannelKind::fcm, {})};

  EXPECT_EQ(credential_for(all, ChannelKind::apns, "com.contoso.pro"), &all[1]);
  EXPECT_EQ(credential_for(all, ChannelKind::apns, "com.contoso.free"), &all[0]);
  EXPECT_EQ(credential_for(all, ChannelKind::fcm, ""), &all[2]);
  EXPECT_EQ(credential_for(all, ChannelKind::wns, ""), nullptr);
}

TEST(Senders, know_an_endpoint_by_the_name_its_app_has_on_the_platform) {
  store::CrossDeviceApp app;
  app.host_name = "app.contoso.com";
  app.platform_ids = {{"android", "com.contoso.app"}, {"ios", "com.contoso.App.iOS"}};
  model::Subscription s;
  const auto id = [&](std::string package, std::string application = "") {
    s.app_package = std::move(package);
    s.application_id = std::move(application);
    return platform_app_id(app, s);
  };

  EXPECT_EQ(id("com.contoso.app.ios"), "com.contoso.App.iOS");
  EXPECT_EQ(id("", "com.contoso.app"), "com.contoso.app");
  EXPECT_EQ(id("APP.contoso.com"), "com.contoso.App.iOS");
  EXPECT_EQ(id(""), "com.contoso.App.iOS");
  EXPECT_EQ(id("com.contoso.unregistered"), "com.contoso.unregistered");
}

TEST(Senders, are_made_once_of_what_was_sealed_and_anew_when_that_changes) {
  store::TemporaryStore database;
  const auto key = crypto::SealingKey::generate();
  const AppId app{crypto::random_guid()};
  const auto add = [&](std::string account) {
    auto made = credential(ChannelKind::fcm, {});
    made.app = app;
    made.sealed = as_text(key.seal(made.id.view(), as_bytes(R"({"serviceAccount":")" + account + "\"}")));
    made.created_at = from_ms(static_cast<std::int64_t>(account.size()));
    return database->transact_now([&](store::Connection& tx) {
      EXPECT_TRUE(store::credentials::insert(tx, made));
      return store::directory_version(tx);
    });
  };
  database->transact_now([&](store::Connection& tx) {
    EXPECT_TRUE(store::cross_device::insert(tx, {.id = app, .host_name = "app.contoso.com"}));
  });
  std::vector<std::string> made;
  Senders senders(*database, key, key, [&](const push::Credentials& credentials) {
    made.push_back(std::get<push::FcmCredentials>(credentials).service_account);
    return Result<std::shared_ptr<push::Sender>>(std::make_shared<ScriptedSender>());
  });
  boost::asio::io_context loop;
  const auto of = [&](std::int64_t version) {
    model::Subscription s;
    s.feed.app = app;
    s.channel.kind = ChannelKind::fcm;
    return run(loop, senders.of(s, version));
  };

  const auto first = add("one");
  const auto one = of(first);
  EXPECT_TRUE(one.sender);
  EXPECT_EQ(of(first).sender, one.sender);
  EXPECT_EQ(made, std::vector<std::string>{"one"});
  EXPECT_NE(of(add("another")).sender, one.sender);
  EXPECT_EQ(made.back(), "another");

  const auto changed = [&] { return run(loop, senders.changed()); };
  EXPECT_EQ(changed(), std::vector{app});  // nothing was said of it yet
  EXPECT_TRUE(changed().empty());
  database->transact_now([](store::Connection& tx) { store::bump_directory(tx); });
  EXPECT_TRUE(changed().empty());
  of(add("one more"));  // a sender that is asked for first takes nothing from it
  EXPECT_EQ(changed(), std::vector{app});
  database->stop();
}

}  // namespace
}  // namespace hg::delivery
