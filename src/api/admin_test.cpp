#include "api/admin.h"

#include "api/testing.h"

namespace hg::api {
namespace {

// As the command line does it, over the Unix socket.
House::Reply local(House& house, std::string method, std::string_view path, std::string body = "") {
  auto request = house.request(std::move(method), "/admin/v1" + std::string(path), {}, std::move(body));
  request.listener = net::Listener::unix_socket;
  return house.send(std::move(request));
}

TEST(Admin, is_for_administrators_alone) {
  House house;
  EXPECT_EQ(house.call("GET", "/admin/v1/users").status, 401);
  EXPECT_EQ(house.call("GET", "/admin/v1/users", {house.as(house.alice)}).status, 403);
  const House::Fields reads{house.as(house.alice, "Heliograph.Read")};
  EXPECT_EQ(house.call("GET", "/admin/v1/users", reads).status, 200);
  EXPECT_EQ(house.call("DELETE", "/admin/v1/users/bob@example.com", reads).status, 403);
  EXPECT_EQ(local(house, "GET", "/users").status, 200);
}

TEST(Admin, adds_blocks_and_removes_a_user) {
  House house;
  const auto added = local(house, "POST", "/users", R"({"userPrincipalName": "carol@example.com"})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_NE(added.at("/password"), "(none)");
  EXPECT_EQ(local(house, "POST", "/users", R"({"userPrincipalName": "carol@example.com"})").status, 409);
  EXPECT_EQ(local(house, "PATCH", "/users/carol@example.com", R"({"blocked": true})").at("/blocked"), "true");
  EXPECT_EQ(local(house, "DELETE", "/users/carol@example.com").status, 204);
  EXPECT_EQ(local(house, "GET", "/users/carol@example.com").status, 404);
}

TEST(Admin, a_removed_users_subscriptions_end) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  ASSERT_EQ(local(house, "DELETE", "/users/" + house.alice.id.str()).status, 204);
  const auto reply = house.call("POST", "/beta/me/notifications",
                                {house.as_application(house.app_server), {"X-UNS-ID", unsid}}, House::body("one"));
  EXPECT_EQ(reply.status, 410);
  EXPECT_EQ(reply.at("/error/innerError/code"), "userRemoved");
}

TEST(Admin, a_mistyped_property_is_named) {
  House house;
  const auto reply = local(house, "POST", "/users", R"({"userPrincipalNam": "carol@example.com", "blocked": 1})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(reply.body.contains("/userPrincipalNam")) << reply.body;
}

TEST(Admin, keeps_applications_with_secrets_and_redirect_uris) {
  House house;
  const auto added =
      local(house, "POST", "/applications",
            R"({"displayName": "shop", "confidential": true, "redirectUris": {"web": ["https://a.example/"]}})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_NE(added.at("/clientSecret"), "(none)");
  EXPECT_EQ(added.at("/redirectUris/web/0"), "https://a.example/");
  const auto secret = local(house, "POST", "/applications/shop/secrets");
  ASSERT_EQ(secret.status, 201) << secret.body;
  EXPECT_EQ(local(house, "DELETE", "/applications/shop/secrets/" + secret.at("/id")).status, 204);
  const auto uri =
      local(house, "POST", "/applications/shop/redirectUris", R"({"kind": "spa", "uri": "https://b.example/"})");
  EXPECT_EQ(uri.at("/redirectUris/spa/0"), "https://b.example/") << uri.body;
  EXPECT_EQ(local(house, "DELETE", "/applications/shop/redirectUris?kind=spa&uri=https%3A%2F%2Fb.example%2F").status,
            204);
  EXPECT_EQ(local(house, "PATCH", "/applications/shop", R"({"blocked": true})").at("/blocked"), "true");
  EXPECT_EQ(local(house, "DELETE", "/applications/shop").status, 204);
}

TEST(Admin, keeps_cross_device_apps_with_members_ids_and_domains) {
  House house;
  const auto added = local(
      house, "POST", "/crossDeviceApps",
      R"({"hostName": "shop.example.com", "members": [")" + house.client_app.str() + R"("], "allowUnverified": true})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_NE(added.at("/vapidPublicKey"), "");
  const std::string path = "/crossDeviceApps/shop.example.com";
  EXPECT_EQ(local(house, "POST", path + "/platformAppIds", R"({"platform": "android", "appId": "com.shop"})")
                .at("/platformAppIds/android/0"),
            "com.shop");
  EXPECT_EQ(local(house, "DELETE", path + "/platformAppIds?platform=android&appId=com.shop").status, 204);
  EXPECT_EQ(local(house, "POST", path + "/senderDomains", R"({"domain": "Shop.example.com"})").at("/senderDomains/0"),
            "shop.example.com");
  EXPECT_EQ(local(house, "DELETE", path + "/senderDomains/shop.example.com").status, 204);
  EXPECT_EQ(local(house, "POST", path + "/members", R"({"clientId": ")" + house.app_server.str() + R"("})").status,
            200);
  EXPECT_EQ(local(house, "DELETE", path + "/members/" + house.app_server.str()).status, 204);

  // The client app belongs to two now.
  const auto several = house.call("GET", "/beta/me/notifications", {house.as(house.alice)});
  EXPECT_EQ(several.at("/error/innerError/code"), "ambiguousTargetHostName");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications?targetHostName=shop.example.com", {house.as(house.alice)}).status,
            200);
  EXPECT_EQ(local(house, "DELETE", path).status, 204);
}

TEST(Admin, subscribes_and_mints_tokens_on_behalf_of_a_user) {
  House house;
  const auto made =
      local(house, "POST", "/subscriptions", R"({"user": "alice@example.com", "crossDevice": "app.example.com"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string unsid = made.at("/userNotificationSubscriptionId");
  const auto token =
      local(house, "POST", "/tokens", R"({"user": "alice@example.com", "crossDevice": "app.example.com"})");
  ASSERT_EQ(token.status, 200) << token.body;
  const auto app_only = local(house, "POST", "/tokens", R"({"crossDevice": "app.example.com"})");

  EXPECT_EQ(house.call("GET", "/beta/me", {{"Authorization", "Bearer " + token.at("/access_token")}})
                .at("/userPrincipalName"),
            "alice@example.com");
  const auto posted = house.call("POST", "/beta/me/notifications",
                                 {{"Authorization", "Bearer " + app_only.at("/access_token")}, {"X-UNS-ID", unsid}},
                                 House::body("one"));
  EXPECT_EQ(posted.status, 201) << posted.body;
  EXPECT_TRUE(local(house, "GET", "/audit?$top=2").body.contains("token.mint"));
  EXPECT_EQ(local(house, "GET", "/subscriptions?user=alice@example.com").at("/value/0/channel"), "live");
  EXPECT_EQ(local(house, "DELETE", "/subscriptions/" + unsid).status, 204);
  EXPECT_EQ(local(house, "GET", "/subscriptions?user=alice@example.com").at("/value"), "[]");
}

TEST(Admin, lists_shows_and_removes_a_users_notifications) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  for (const char* name : {"one", "two"})
    ASSERT_EQ(house
                  .call("POST", "/beta/me/notifications", {house.as_application(house.app_server), {"X-UNS-ID", unsid}},
                        House::body(name))
                  .status,
              201);
  const auto list = local(house, "GET", "/notifications?user=alice@example.com");
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_EQ(list.at("/value/1/userActionState"), "noInteraction");
  EXPECT_FALSE(list.body.contains("payload"));
  EXPECT_EQ(local(house, "GET", "/notifications?user=bob@example.com").at("/value"), "[]");
  EXPECT_EQ(local(house, "GET", "/notifications").status, 400);

  const std::string id = list.at("/value/0/id");
  EXPECT_TRUE(local(house, "GET", "/notifications/" + id + "?user=alice@example.com").body.contains("payload"));
  EXPECT_EQ(local(house, "GET", "/notifications/one?user=alice@example.com").at("/appNotificationId"), "one");
  EXPECT_EQ(local(house, "GET", "/notifications/one?user=bob@example.com").status, 404);
  const House::Fields reads{house.as(house.alice, "Heliograph.Read")};
  const auto seen = house.call("GET", "/admin/v1/notifications/one?user=alice@example.com", reads);
  EXPECT_EQ(seen.status, 200) << seen.body;
  EXPECT_FALSE(seen.body.contains("payload")) << "whoever may only look does not see what it says";

  EXPECT_EQ(local(house, "DELETE", "/notifications/one?user=alice@example.com").status, 204);
  EXPECT_EQ(local(house, "GET", "/notifications/one?user=alice@example.com").status, 404);
  EXPECT_TRUE(local(house, "GET", "/audit?$top=1").body.contains("notification.remove"));
  const auto delta = house.call("GET", "/beta/me/notifications", {house.as(house.alice)});
  EXPECT_FALSE(delta.body.contains("\"one\"")) << delta.body;
}

TEST(Admin, no_administrators_token_for_somebody_who_is_none) {
  House house;
  const auto reply =
      local(house, "POST", "/tokens",
            R"({"user": "alice@example.com", "crossDevice": "app.example.com", "scope": "Heliograph.Admin"})");
  EXPECT_EQ(reply.status, 400) << reply.body;
}

}  // namespace
}  // namespace hg::api
