#include "api/feeds.h"

#include "api/testing.h"

namespace hg::api {
namespace {

// What a client library of the retired service sends.
const House::Fields kClientFields{
    {"Accept", "application/json"},
    {"X-AFS-CV", "cv"},
    {"If-Match", ""},
    {"If-None-Match", ""},
    {"X-Device-Ticket", ""},
    {"X-AFS-ClientInfo", "os=android; osVer=10; lcid=en-; deviceModel=Google/Pixel 3; sdkType=lite"}};

House::Fields with(std::pair<std::string, std::string> field) {
  auto fields = kClientFields;
  field.second.replace(0, 6, "bearer");
  fields.push_back(std::move(field));
  return fields;
}

TEST(Subscriptions, an_old_client_library_subscribes_and_renews) {
  House house;
  const std::string body =
      R"({"crossPlatformChannelData":{"platformType":"gcm","appPackageName":"com.example","pushToken":"t","appDisplayName":"d"},)"
      R"("deviceId":"dds:1","publisherFilters":[{"application":"*","activityTypes":[13]}]})";

  const auto first = house.call("POST", "/V1/feeds/me/subscriptions", with(house.as(house.alice)), body);
  const auto second = house.call("POST", "/V1/feeds/me/subscriptions", with(house.as(house.alice)), body);

  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_TRUE(Guid::parse(first.at("/id")));
  EXPECT_EQ(first.at("/viewId"), first.at("/id"));
  EXPECT_EQ(first.at("/userNotificationSubscriptionId"), second.at("/userNotificationSubscriptionId"));
  EXPECT_FALSE(first.at("/userNotificationSubscriptionId").contains('='));
  EXPECT_TRUE(first.header("Content-Type").starts_with("application/json"));
}

TEST(Subscriptions, are_listed_shown_and_ended) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const House::Fields alice{house.as(house.alice)}, bob{house.as(house.bob)};
  const auto list = house.call("GET", "/v1/feeds/me/subscriptions", alice);
  EXPECT_EQ(list.at("/__metadata/totalCount"), "1") << list.body;
  const std::string path = "/v1/feeds/me/subscriptions/" + list.at("/subscriptions/0/id");

  EXPECT_EQ(house.call("GET", path, alice).at("/subscriptions/0/userNotificationSubscriptionId"), unsid);
  EXPECT_EQ(house.call("GET", path, bob).at("/errorCode"), "30002");
  EXPECT_EQ(house.call("DELETE", path, bob).status, 404);
  EXPECT_EQ(house.call("DELETE", path, alice).status, 200);
  EXPECT_EQ(house.call("DELETE", path, alice).at("/errorCode"), "30003");
  EXPECT_EQ(house.call("GET", "/v2/feeds/me/views/" + unsid + "/activities", alice).status, 410);
}

TEST(Subscriptions, a_browser_must_have_used_the_right_key) {
  House house;
  const auto reply = house.call("POST", "/v1/feeds/me/subscriptions", {house.as(house.alice)},
                                R"({"deviceId": "d", "crossPlatformChannelData": {"platformType": "webpush",
      "pushToken": "{\"endpoint\":\"https://push.example/1\",\"keys\":{\"p256dh\":\"BA\",\"auth\":\"AA\"}}",
      "applicationServerKey": "BOther"}})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.at("/errorCode"), "10002") << reply.body;
}

TEST(View, shows_what_an_old_client_library_reads) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  house.post_as(house.alice, "one");
  const auto reply = house.call(
      "GET",
      "/V2/feeds/me/views/" + unsid +
          "/activities?pageSize=10&token=1&types=6&format=&lastmodifiedafter=-999999999-01-01T00%3A00%3A00%2B18%3A00"
          "&lastmodifiedbefore=%2B999999999-12-31T23%3A59%3A59.999999999-18%3A00",
      with(house.as(house.alice)));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.at("/__metadata/totalCount"), "1");
  EXPECT_EQ(reply.at("/__metadata/unreadCount"), "1");
  EXPECT_EQ(reply.at("/__metadata/initialETag"), reply.header("ETag"));
  EXPECT_EQ(reply.at("/activities/0/appActivityId"), "one");
  EXPECT_EQ(reply.at("/activities/0/read"), "false");
  EXPECT_EQ(reply.at("/activities/0/applicationId/0/platform"), "app.example.com");
}

TEST(View, of_a_large_feed_comes_in_one_answer) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  std::vector<model::ChangeRequest> posts;
  for (int i = 0; i < 250; ++i) posts.push_back(house.post(std::to_string(i)));
  house.apply(posts);
  const auto reply = house.call("GET", "/v2/feeds/me/views/" + unsid + "/activities", {house.as(house.alice)});
  EXPECT_EQ(reply.json().at("activities").as_array().size(), 250U);
}

TEST(View, with_an_etag_holds_only_what_changed) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const std::string path = "/v2/feeds/me/views/" + unsid + "/activities";
  const auto posted = house.post_as(house.alice, "one");
  house.post_as(house.alice, "two");
  const auto whole = house.call("GET", path, {house.as(house.alice)});
  const auto since = [&](const std::string& etag) {
    return house.call("GET", path, {house.as(house.alice), {"If-None-Match", etag}});
  };

  EXPECT_EQ(since(whole.header("ETag")).at("/activities"), "[]");
  EXPECT_EQ(since(posted.header("X-New-ETag")).at("/activities/0/appActivityId"), "two");
  EXPECT_EQ(since("malformed").at("/__metadata/totalCount"), "2");

  house.call("DELETE", "/v2/feeds/me/activities/" + posted.at("/id"), {house.as(house.alice)});
  const auto gone = since(whole.header("ETag"));
  EXPECT_EQ(gone.at("/activities/0/id"), posted.at("/id"));
  EXPECT_EQ(gone.at("/activities/0/status"), "2");
}

TEST(View, holds_what_was_modified_in_the_time_that_was_asked_for) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  const std::string path = "/v2/feeds/me/views/" + unsid + "/activities";
  const auto start = house.call("GET", path, {house.as(house.alice)}).header("ETag");
  const auto old = house.post_as(house.alice, "old");
  house.clock.advance(std::chrono::minutes(10));
  const auto between = iso(house.clock.now() - std::chrono::minutes(5));
  house.post_as(house.alice, "new");
  const auto shown = [&](const std::string& query, const std::string& etag) {
    return house.call("GET", path + query, {house.as(house.alice), {"If-None-Match", etag}});
  };

  for (const auto& etag : {std::string(), start}) {
    const auto after = shown("?LastModifiedAfter=" + between, etag);
    EXPECT_EQ(after.at("/__metadata/totalCount"), "1") << after.body;
    EXPECT_EQ(after.at("/activities/0/appActivityId"), "new");
    EXPECT_EQ(shown("?lastmodifiedbefore=" + between, etag).at("/activities/0/appActivityId"), "old");
  }
}

TEST(Activities, are_changed_by_id_or_by_name) {
  House house;
  const auto id = house.post_as(house.alice, "one/two").at("/id");
  const auto read =
      house.call("PATCH", "/V2/feeds/me/activities/" + id, with(house.as(house.alice)), R"({"read": true})");
  ASSERT_EQ(read.status, 200) << read.body;
  EXPECT_EQ(read.at("/0/read"), "true");
  const auto dismissed =
      house.call("PATCH", "/v2/feeds/me/activities/one%2Ftwo", {house.as(house.alice)}, R"({"userActionState": 2})");
  EXPECT_EQ(dismissed.at("/0/userActionState"), "2") << dismissed.body;
  EXPECT_NE(dismissed.header("X-New-ETag"), "");
  EXPECT_EQ(house.call("DELETE", "/v2/feeds/me/activities/" + id, with(house.as(house.alice))).status, 200);
  EXPECT_EQ(house.call("GET", "/v2/feeds/me/activities/" + id, {house.as(house.alice)}).at("/errorCode"), "30001");
}

}  // namespace
}  // namespace hg::api
