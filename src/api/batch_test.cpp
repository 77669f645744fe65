#include "api/batch.h"

#include <latch>

#include "api/testing.h"

namespace hg::api {
namespace {

House::Reply batch(House& house, const std::string& requests, House::Fields fields = {}) {
  if (fields.empty()) fields = {house.as(house.alice)};
  return house.call("POST", "/beta/$batch", fields, R"({"requests": [)" + requests + "]}");
}

// A post as a member, in its own words.
std::string post(const std::string& id, const std::string& name, const std::string& more = "") {
  return R"({"id": ")" + id + R"(", "method": "POST", "url": "/me/notifications", "body": )" + House::body(name) +
         more + "}";
}

std::string get(const std::string& id, const std::string& url, const std::string& more = "") {
  return R"({"id": ")" + id + R"(", "method": "GET", "url": ")" + url + "\"" + more + "}";
}

TEST(Batch, answers_each_request_under_its_id) {
  House house;

  const auto reply = batch(house, post("a", "one") + "," + get("b", "me"));

  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.at("/responses/0/id"), "a");
  EXPECT_EQ(reply.at("/responses/0/status"), "201");
  EXPECT_EQ(reply.at("/responses/0/body/appNotificationId"), "one");
  EXPECT_EQ(reply.at("/responses/0/headers/X-Heliograph-Endpoints"), "0");
  EXPECT_NE(reply.at("/responses/0/headers/Location"), "(none)");
  EXPECT_EQ(reply.at("/responses/0/headers/X-Content-Type-Options"), "(none)");
  EXPECT_EQ(reply.at("/responses/1/id"), "b");
  EXPECT_EQ(reply.at("/responses/1/body/userPrincipalName"), "alice@example.com");
}

TEST(Batch, runs_a_request_after_those_it_depends_on_wherever_they_stand) {
  House house;
  const auto reply =
      batch(house, get("list", "/me/notifications", R"(, "dependsOn": ["new"])") + "," + post("new", "x"));
  EXPECT_EQ(reply.at("/responses/0/body/value/0/appNotificationId"), "x") << reply.body;
}

TEST(Batch, fails_what_depends_on_a_failed_request_and_nothing_else) {
  House house;

  const auto reply =
      batch(house, get("no", "/me/notifications/none") + "," + post("then", "x", R"(, "dependsOn": ["no"])") + "," +
                       post("last", "y", R"(, "dependsOn": ["then"])") + "," + post("free", "z"));

  EXPECT_EQ(reply.at("/responses/0/status"), "404");
  EXPECT_EQ(reply.at("/responses/1/status"), "424");
  EXPECT_EQ(reply.at("/responses/1/body/error/code"), "failedDependency");
  EXPECT_TRUE(reply.at("/responses/1/body/error/message").contains("\"no\""));
  EXPECT_EQ(reply.at("/responses/2/status"), "424");
  EXPECT_EQ(reply.at("/responses/3/status"), "201");
  const auto left = house.call("GET", "/beta/me/notifications?$count=true", {house.as(house.alice)});
  EXPECT_EQ(left.at("/@odata.count"), "1");
}

TEST(Batch, commits_independent_posts_together) {
  House house;
  std::size_t moves = 0;
  const auto listening = house.bus.subscribe(
      [&loop = house.loop](std::function<void()> task) { asio::post(loop, std::move(task)); },
      [&](const bus::Message& message) { moves += std::holds_alternative<bus::Moved>(message) ? 1 : 0; });
  listening->follow(house.feed);
  auto request =
      house.request("POST", "/beta/$batch", {house.as(house.alice)},
                    R"({"requests": [)" + post("1", "a") + "," + post("2", "b") + "," + post("3", "c") + "]}");
  std::latch held(1);
  house.store->on_writer([&](store::Connection&) { held.wait(); });

  asio::co_spawn(house.loop, house.dispatch(request), asio::detached);
  house.loop.restart();
  house.loop.poll();
  held.count_down();
  house.settle();

  EXPECT_EQ(moves, 1U);
}

TEST(Batch, gives_each_request_its_own_headers_and_the_token_of_the_whole) {
  House house;
  const std::string unsid = house.subscribe(house.alice);
  const std::string mine = R"(, "headers": {"Content-Type": "application/json", "x-uns-id": ")" + unsid + R"("})";
  const std::string bobs = R"(, "headers": {"Authorization": ")" + house.as(house.bob).second + R"("})";

  const auto reply = batch(house, post("unsid", "a", mine) + "," + post("none", "b") + "," + get("bob", "/me", bobs),
                           {house.as_application(house.app_server)});

  EXPECT_EQ(reply.at("/responses/0/status"), "201") << reply.body;
  EXPECT_EQ(reply.at("/responses/1/body/error/innerError/code"), "subscriptionIdRequired");
  EXPECT_EQ(reply.at("/responses/2/body/userPrincipalName"), "bob@example.com");
}

TEST(Batch, keeps_an_idempotency_key_per_request) {
  House house;
  const std::string key = R"(, "headers": {"Idempotency-Key": "k"})";
  const std::string after = R"(, "headers": {"Idempotency-Key": "k"}, "dependsOn": ["1"])";
  const auto reply = batch(house, post("1", "a", key) + "," + post("2", "a", after) + "," + post("3", "b", after));
  EXPECT_EQ(reply.at("/responses/0/headers/Idempotent-Replayed"), "(none)") << reply.body;
  EXPECT_EQ(reply.at("/responses/1/headers/Idempotent-Replayed"), "true");
  EXPECT_EQ(reply.at("/responses/2/status"), "422");
}

TEST(Batch, repeated_by_a_client_library_changes_nothing) {
  House house;
  House::Fields fields{house.as(house.alice), {"client-request-id", "1d25d2c7-a2f0-4a9b-8a8a-3a1a5c3b6c11"}};
  const auto first = batch(house, post("1", "a"), fields);
  fields.emplace_back("Retry-Attempt", "1");
  const auto again = batch(house, post("1", "a"), fields);
  EXPECT_EQ(again.at("/responses/0/body/contentVersion"), "1");
  EXPECT_EQ(again.at("/responses/0/body/@odata.etag"), first.at("/responses/0/body/@odata.etag"));
}

TEST(Batch, takes_urls_with_and_without_the_version_and_the_host) {
  House house;
  const auto reply = batch(house, get("1", "me") + "," + get("2", "/me?x=http://y") + "," + get("3", "/V1.0/me") + "," +
                                      get("4", std::string(kBase) + "/beta/me") + "," +
                                      get("5", std::string(kBase) + "/admin/v1/users"));
  for (const std::string place : {"0", "1", "2", "3"})
    EXPECT_EQ(reply.at("/responses/" + place + "/status"), "200") << reply.body;
  EXPECT_TRUE(reply.at("/responses/2/body/@odata.context").contains("/v1.0/"));
  EXPECT_EQ(reply.at("/responses/4/status"), "404");
}

TEST(Batch, reads_a_body_that_is_not_json_as_base64) {
  House house;
  const std::string raw = base64(as_bytes("hello"));
  const std::string text =
      R"({"id": "1", "method": "POST", "url": "/me/notifications", "headers": {"Content-Type": "text/plain"}, "body": )";
  EXPECT_EQ(batch(house, text + "\"" + raw + "\"}").at("/responses/0/status"), "415");
  EXPECT_EQ(batch(house, text + R"({"a": 1}})").at("/error/target"), "/requests/0/body");
}

TEST(Batch, needs_a_token_itself) {
  House house;
  const auto reply = house.call("POST", "/beta/$batch", {}, "{}");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.at("/error/innerError/code"), "tokenMissing");
}

// What cannot be run as a whole is refused as a whole.
struct Wrong {
  std::string requests, target, said;
};

TEST(Batch, refuses_what_cannot_be_understood_and_runs_none_of_it) {
  House house;
  std::string many = get("0", "me");
  for (int i = 1; i <= 20; ++i) many += "," + get(std::to_string(i), "me");
  const std::string good = post("good", "x") + ",";
  for (const Wrong& wrong : std::vector<Wrong>{
           {"", "/requests", "1 to 20"},
           {many, "/requests", "these are 21"},
           {good + "7", "/requests/1", "object"},
           {good + R"({"method": "GET", "url": "me"})", "/requests/1/id", "missing"},
           {good + R"({"id": "1", "url": "me"})", "/requests/1/method", "missing"},
           {good + R"({"id": "1", "method": "GET"})", "/requests/1/url", "missing"},
           {good + R"({"id": 1, "method": "GET", "url": "me"})", "/requests/1/id", "string"},
           {good + get("good", "me"), "/requests/1/id", "two requests"},
           {good + get("1", "me", R"(, "dependsOn": ["none"])"), "/requests/1/dependsOn", "\"none\""},
           {good + get("1", "me", R"(, "dependsOn": "good")"), "/requests/1/dependsOn", "list"},
           {good + get("1", "me", R"(, "dependsOn": ["1"])"), "/requests/1/dependsOn", "\"1\""},
           {good + get("1", "me", R"(, "dependsOn": ["2"])") + "," + get("2", "me", R"(, "dependsOn": ["1"])"),
            "/requests/1/dependsOn", "depends on itself"},
           {good + get("1", "me", R"(, "headers": {"X-UNS-ID": "a\r\nPrefer: b"})"), "/requests/1/headers/X-UNS-ID",
            "malformed"},
           {good + get("1", "me", R"(, "headers": {"X-UNS-ID": 7})"), "/requests/1/headers/X-UNS-ID", "string"},
           {good + get("1", "me and you"), "/requests/1/url", "space"},
           {good + R"({"id": "1", "method": "GET /x HTTP/1.1\r\nA: b", "url": "me"})", "/requests/1/method", "control"},
           {good + get("1", "me", R"(, "headers": {"a b": "c"})"), "/requests/1/headers/a b", "malformed"},
           {good + get("1", "https://elsewhere.example/beta/me"), "/requests/1", "Host"},
           {good + get("1", "me", R"(, "atomicityGroup": "g")"), "/requests/1/atomicityGroup", "not supported"},
           {good + get("1", "/me/notifications/stream"), "/requests/1/url", "stream"},
           {good + R"({"id": "1", "method": "POST", "url": "/$batch", "body": {"requests": []}})", "/requests/1/url",
            "$batch"}}) {
    const auto reply = batch(house, wrong.requests);
    EXPECT_EQ(reply.status, 400) << wrong.requests;
    EXPECT_EQ(reply.at("/error/target"), wrong.target) << reply.body;
    EXPECT_TRUE(reply.at("/error/message").contains(wrong.said)) << reply.body;
  }
  const auto list = house.call("GET", "/beta/me/notifications?$count=true", {house.as(house.alice)});
  EXPECT_EQ(list.at("/@odata.count"), "0");
}

TEST(Batch, a_fault_is_the_answer_of_its_request_alone) {
  House house;
  house.store->transact_now([](store::Connection& tx) {
    tx.script(
        "CREATE TRIGGER poison BEFORE INSERT ON notifications WHEN NEW.group_name = 'poison' "
        "BEGIN SELECT RAISE(ABORT, 'poisoned'); END;");
  });
  const std::string poisoned = R"({"id": "1", "method": "POST", "url": "/me/notifications", "body": )" +
                               House::body("a", R"(, "groupName": "poison")") + "}";
  const auto reply = batch(house, poisoned + "," + post("2", "b"));
  EXPECT_EQ(reply.at("/responses/0/status"), "500") << reply.body;
  EXPECT_EQ(reply.at("/responses/1/status"), "201");
}

}  // namespace
}  // namespace hg::api
