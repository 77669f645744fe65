#include "api/notifications.h"

#include "api/testing.h"

namespace hg::api {
namespace {

std::string without_ids(std::string body) {
  for (const std::string name : {"\"request-id\":\"", "\"client-request-id\":\""}) {
    const auto at = body.find(name);
    if (at != std::string::npos) body.erase(at + name.size(), 36);
  }
  return body;
}

TEST(Post, an_app_server_reaches_the_user_of_a_unsid) {
  House house;
  const auto unsid = house.subscribe(house.alice);

  const auto reply = house.call("POST", "/beta/me/notifications",
                                {house.as_application(house.app_server), {"X-UNS-ID", unsid}}, House::body("one"));

  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(reply.header("Location"), std::string(kBase) + "/beta/me/notifications/" + reply.at("/id"));
  EXPECT_EQ(reply.header("ETag"), reply.at("/@odata.etag"));
  EXPECT_EQ(reply.header("X-Heliograph-Endpoints"), "1");
  EXPECT_EQ(reply.header("OData-Version"), "4.0");
  EXPECT_NE(reply.header("X-New-ETag"), reply.header("X-Base-ETag"));
  EXPECT_TRUE(reply.at("/@odata.context").contains("alice%40example.com"));
  const auto list = house.call("GET", "/beta/me/notifications?$count=true", {house.as(house.alice)});
  EXPECT_EQ(list.at("/@odata.count"), "1") << list.body;
  EXPECT_EQ(list.at("/value/0/appNotificationId"), "one");
}

TEST(Post, without_an_app_only_token_needs_no_unsid) {
  House house;
  EXPECT_EQ(house.post_as(house.alice, "one").status, 201);
  const auto bare =
      house.call("POST", "/beta/me/notifications", {house.as_application(house.app_server)}, House::body("one"));
  EXPECT_EQ(bare.status, 400);
  EXPECT_EQ(bare.at("/error/innerError/code"), "subscriptionIdRequired");
}

TEST(Post, what_the_caller_does_not_reach_looks_like_what_there_is_not) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const auto stranger = house.as_application(house.stranger);
  const std::string id = "11111111-1111-1111-1111-111111111111";

  const auto foreign = house.call("POST", "/beta/me/notifications",
                                  {stranger, {"X-UNS-ID", unsid}, {"client-request-id", id}}, House::body("one"));
  const auto made_up = house.call("POST", "/beta/me/notifications",
                                  {stranger, {"X-UNS-ID", "AAAA"}, {"client-request-id", id}}, House::body("one"));
  const auto bobs =
      house.call("POST", "/beta/me/notifications",
                 {house.as(house.bob), {"X-UNS-ID", unsid}, {"client-request-id", id}}, House::body("one"));

  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(without_ids(foreign.body), without_ids(made_up.body));
  EXPECT_EQ(without_ids(bobs.body), without_ids(made_up.body));
}

TEST(Post, a_host_name_that_is_not_the_unsids_is_named_as_the_mistake) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  auto body = House::body("one");
  body.replace(body.find("app.example.com"), 15, "other.example.com");
  const auto reply =
      house.call("POST", "/beta/me/notifications", {house.as_application(house.app_server), {"X-UNS-ID", unsid}}, body);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.at("/error/target"), "/targetHostName");
}

TEST(Post, an_ended_unsid_is_replaced_or_gone) {
  House house;
  const auto first = house.subscribe(house.alice, "first");
  const auto second = house.subscribe(house.alice, "second");
  const House::Fields fields{house.as_application(house.app_server), {"X-UNS-ID", first}};
  ASSERT_EQ(house.call("DELETE", "/v1/feeds/me/subscriptions/" + first, {house.as(house.alice)}).status, 200);

  const auto replaced = house.call("POST", "/beta/me/notifications", fields, House::body("one"));
  EXPECT_EQ(replaced.status, 201) << replaced.body;
  EXPECT_EQ(replaced.header("X-UNS-ID"), second);

  ASSERT_EQ(house.call("DELETE", "/v1/feeds/me/subscriptions/" + second, {house.as(house.alice)}).status, 200);
  const auto gone = house.call("POST", "/beta/me/notifications", fields, House::body("two"));
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.at("/error/innerError/code"), "unsubscribed");

  const auto recall = house.call("DELETE", "/beta/me/notifications/" + replaced.at("/id"), fields);
  EXPECT_EQ(recall.status, 204) << recall.body;
}

TEST(Post, an_idempotency_key_gives_the_first_answer_again) {
  House house;
  const House::Fields fields{{"Idempotency-Key", "k"}};
  const auto first = house.post_as(house.alice, "one", fields);
  const auto again = house.post_as(house.alice, "one", fields);
  const auto other = house.post_as(house.alice, "two", fields);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(other.status, 422);
}

TEST(Post, a_fallback_mail_comes_from_a_listed_domain_alone) {
  House house;
  const auto reply =
      house.call("POST", "/beta/me/notifications", {house.as(house.alice)},
                 House::body("one", R"(, "fallbackPolicy": {"transportFallback": {"transportType": "Email",
        "fallbackDelayInSeconds": 60, "emailContent": {"subject": "s", "bodyType": "Text", "body": "b",
        "fromAddress": "a@evil.example", "fromDisplayName": "d", "scenarioName": "n"}}})"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.at("/error/target"), "/fallbackPolicy/transportFallback/emailContent/fromAddress") << reply.body;
}

TEST(Show, an_endpoint_that_names_itself_has_fetched_what_it_is_shown_and_nothing_else) {
  House house;
  const auto unsid = house.subscribe(house.alice, "phone");
  const auto alice = house.as(house.alice);
  const auto older = house.post_as(house.alice, "older").at("/id");
  const auto newer = house.post_as(house.alice, "newer").at("/id"), third = house.post_as(house.alice, "3").at("/id");
  const auto state = [&](const std::string& id) {
    return house.call("GET", "/beta/me/notifications/" + id + "/deliveries", {alice}).at("/value/0/state");
  };

  EXPECT_EQ(house.call("GET", "/beta/me/notifications/" + newer, {alice}).status, 200);
  EXPECT_EQ(state(newer), "pending");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications/" + newer, {alice, {"X-UNS-ID", unsid}}).status, 200);
  EXPECT_EQ(house.call("GET", "/v2/feeds/me/activities/" + third, {alice, {"X-UNS-ID", unsid}}).status, 200);

  EXPECT_EQ(state(newer), "acknowledged");
  EXPECT_EQ(state(third), "acknowledged");
  EXPECT_EQ(state(older), "pending");
}

TEST(Change, dismisses_once) {
  House house;
  const auto id = house.post_as(house.alice, "one").at("/id");
  const House::Fields fields{house.as(house.alice)};

  const auto first = house.call("PATCH", "/beta/me/notifications/" + id, fields, R"({"userActionState": "dismissed"})");
  const auto second =
      house.call("PATCH", "/v1.0/Me/Notifications('" + id + "')", fields, R"({"userActionState": "dismissed"})");

  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.at("/userActionState"), "dismissed");
  EXPECT_NE(first.header("X-New-ETag"), first.header("X-Base-ETag"));
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.header("X-New-ETag"), second.header("X-Base-ETag"));
}

TEST(Change, answers_little_where_little_is_preferred) {
  House house;
  const auto id = house.post_as(house.alice, "one").at("/id");
  const auto reply = house.call("PATCH", "/beta/me/notifications/" + id,
                                {house.as(house.alice), {"Prefer", "return=minimal"}}, R"({"readState": "read"})");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.header("Preference-Applied"), "return=minimal");
  EXPECT_NE(reply.header("ETag"), "");
}

TEST(Change, what_was_not_seen_is_not_changed) {
  House house;
  const auto posted = house.post_as(house.alice, "one");
  const std::string path = "/beta/me/notifications/" + posted.at("/id");
  const auto patch = [&](const std::string& match) {
    return house.call("PATCH", path, {house.as(house.alice), {"If-Match", match}}, R"({"readState": "read"})").status;
  };
  EXPECT_EQ(patch("W/\"nonsense\""), 412);
  EXPECT_EQ(patch(posted.header("ETag")), 200);
  EXPECT_EQ(patch(posted.header("ETag")), 412);
  EXPECT_EQ(patch("*"), 200);
}

TEST(Change, the_app_server_changes_content) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const House::Fields fields{house.as_application(house.app_server), {"X-UNS-ID", unsid}};
  const auto id = house.call("POST", "/beta/me/notifications", fields, House::body("one")).at("/id");

  const auto reply = house.call("PATCH", "/beta/me/notifications/" + id, fields, R"({"groupName": "g"})");

  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.at("/groupName"), "g");
  EXPECT_EQ(reply.at("/status"), "updated");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications/" + id, fields).at("/contentVersion"), "2");
}

TEST(Remove, an_app_server_recalls_for_thirty_days_after_the_unsids_end) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const auto fields = [&] { return House::Fields{house.as_application(house.app_server), {"X-UNS-ID", unsid}}; };
  const auto post = [&](const std::string& name) {
    const auto expiry = R"(, "expirationDateTime": ")" + iso(house.clock.now() + std::chrono::days(30)) + "\"";
    return house.call("POST", "/beta/me/notifications", fields(), House::body(name, expiry)).at("/id");
  };
  const auto one = post("one");
  const auto two = post("two");
  ASSERT_EQ(house.call("DELETE", "/v1/feeds/me/subscriptions/" + unsid, {house.as(house.alice)}).status, 200);

  house.clock.advance(std::chrono::days(29));
  EXPECT_EQ(house.call("DELETE", "/beta/me/notifications/" + one, fields()).status, 204);
  EXPECT_EQ(house.call("PATCH", "/beta/me/notifications/" + two, fields(), R"({"priority": "Low"})").status, 410);
  EXPECT_EQ(house.call("GET", "/beta/me/notifications/" + two, fields()).status, 410);
  house.clock.advance(std::chrono::days(2));
  const auto late = house.call("DELETE", "/beta/me/notifications/" + two, fields());
  EXPECT_EQ(late.status, 410);
  EXPECT_EQ(late.at("/error/innerError/code"), "unsubscribed");
}

TEST(Remove, leaves_a_tombstone_that_may_be_removed_again) {
  House house;
  const std::string path = "/beta/me/notifications/" + house.post_as(house.alice, "one").at("/id");
  EXPECT_EQ(house.call("DELETE", path, {house.as(house.bob)}).status, 404);
  EXPECT_EQ(house.call("DELETE", path, {house.as(house.alice)}).status, 204);
  EXPECT_EQ(house.call("DELETE", path, {house.as(house.alice)}).status, 204);
  EXPECT_EQ(house.call("GET", path, {house.as(house.alice)}).status, 404);
}

TEST(Profile, says_who_the_token_is_for) {
  House house;
  const auto reply = house.call("GET", "/beta/me", {house.as(house.alice, "User.Read")});
  EXPECT_EQ(reply.at("/userPrincipalName"), "alice@example.com") << reply.body;
  EXPECT_EQ(house.call("GET", "/beta/me", {house.as_application(house.app_server)}).status, 403);
}

TEST(Profile, anybody_may_have_the_key_that_browsers_subscribe_with) {
  House house;
  EXPECT_EQ(house.call("GET", "/beta/crossDeviceApps/App.Example.Com/vapidPublicKey").at("/value"), "BPublicKey");
  EXPECT_EQ(house.call("GET", "/beta/crossDeviceApps/none.example/vapidPublicKey").status, 404);
  EXPECT_EQ(house.call("GET", "/beta/subscriptions/getVapidPublicKey", {house.as(house.alice)}).at("/value"),
            "BPublicKey");
}

}  // namespace
}  // namespace hg::api
