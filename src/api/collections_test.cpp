#include <set>

#include "api/lists_for_tests.h"

namespace hg::api {
namespace {

TEST(List, goes_on_where_the_page_ended) {
  House house;
  for (const std::string name : {"one", "two", "three"}) {
    house.clock.advance(Duration{1000});
    ASSERT_EQ(house.post_as(house.alice, name).status, 201);
  }
  auto page = house.call("GET", "/beta/me/notifications?$top=2&$select=appNotificationId", {house.as(house.alice)});
  EXPECT_EQ(page.at("/value/0/appNotificationId"), "three");
  EXPECT_EQ(page.at("/value/0/payload"), "(none)");
  const std::string next = page.at("/@odata.nextLink");
  ASSERT_TRUE(next.starts_with(kBase)) << page.body;
  page = house.call("GET", next.substr(kBase.size()), {house.as(house.alice)});
  EXPECT_EQ(page.at("/value/0/appNotificationId"), "one");
  EXPECT_EQ(page.at("/@odata.nextLink"), "(none)");
  EXPECT_EQ(house.call("GET", next.substr(kBase.size()), {house.as(house.bob)}).status, 400);
}

TEST(List, keeps_what_the_filter_names) {
  Lists house;
  EXPECT_EQ(Lists::names(house.list("$filter=readState%20eq%20'unread'")), "four,three,one");
  EXPECT_EQ(Lists::names(house.list("$filter=groupName+eq+'a'+and+not+(readState+eq+'read')")), "one");
  EXPECT_EQ(Lists::names(house.list("$filter=status%20eq%20'deleted'")), "");
}

TEST(List, is_in_the_order_that_is_asked_for) {
  Lists house;
  EXPECT_EQ(Lists::names(house.list("")), "four,three,two,one");
  EXPECT_EQ(Lists::names(house.list("$orderby=creationDateTime%20desc")), "four,three,two,one");
  EXPECT_EQ(Lists::names(house.list("$orderby=creationDateTime")), "one,two,three,four");
  EXPECT_EQ(Lists::names(house.list("$orderby=expirationDateTime%20asc")), "four,three,two,one");
  EXPECT_EQ(Lists::names(house.list("$orderby=expirationDateTime+desc")), "one,two,three,four");
}

TEST(List, keeps_its_filter_order_and_size_from_page_to_page) {
  Lists house;
  EXPECT_EQ(house.walk("$top=1&$filter=readState%20eq%20'unread'&$orderby=creationDateTime"), "one/three/four");
  EXPECT_EQ(house.walk("$top=3&$orderby=expirationDateTime%20desc&$select=appNotificationId"), "one,two,three/four");
  const auto next = house.list("$top=1&$count=true&$select=id&$filter=groupName%20eq%20'a'").at("/@odata.nextLink");
  const auto page = house.follow(next);
  EXPECT_EQ(page.at("/@odata.count"), "2");
  EXPECT_EQ(page.at("/value/0/readState"), "(none)");
}

TEST(List, a_page_token_is_of_one_list) {
  Lists house;
  const auto next = house.list("$top=1&$filter=readState%20eq%20'unread'").at("/@odata.nextLink");
  const auto token = next.substr(next.find("$skiptoken="));
  Lists::refused(house.list(token), "$skiptoken");
  Lists::refused(house.list(token + "&$filter=readState%20eq%20'read'"), "$skiptoken");
  Lists::refused(house.list(token + "&$filter=readState%20eq%20'unread'&$orderby=creationDateTime"), "$skiptoken");
  EXPECT_EQ(Lists::names(house.list(token + "&$filter=readState%20eq%20'unread'&$top=2")), "three,one");
  EXPECT_EQ(house.call("GET", next.substr(kBase.size()), {house.as(house.bob)}).status, 400);
}

TEST(List, a_page_token_outlives_what_it_stands_at) {
  Lists house;
  const auto next = house.list("$top=2").at("/@odata.nextLink");
  ASSERT_EQ(house.call("DELETE", house.at(2), house.fields).status, 204);
  house.clock.advance(std::chrono::seconds(1));
  ASSERT_EQ(house.post_as(house.alice, "five").status, 201);
  EXPECT_EQ(Lists::names(house.follow(next)), "two,one");
}

TEST(List, those_of_one_moment_are_told_once_each) {
  House house;
  std::set<std::string> seen;
  for (const std::string name : {"a", "b", "c", "d", "e"}) ASSERT_EQ(house.post_as(house.alice, name).status, 201);
  std::string target = std::string(kList) + "?$top=2";
  for (int page = 0; page < 3; ++page) {
    const auto reply = house.call("GET", target, {house.as(house.alice)});
    const auto whole = reply.json();
    for (const auto& one : whole.at("value").as_array())
      EXPECT_TRUE(seen.insert(std::string(one.at("id").as_string())).second);
    if (page < 2) target = reply.at("/@odata.nextLink").substr(kBase.size());
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(List, the_preferred_page_size_is_said_to_be_applied) {
  Lists house;
  const auto page = house.list("", {{"Prefer", "odata.maxpagesize=3"}});
  EXPECT_EQ(Lists::names(page), "four,three,two");
  EXPECT_EQ(page.header("Preference-Applied"), "odata.maxpagesize=3");
  EXPECT_TRUE(page.at("/@odata.nextLink").contains("&$top=3&"));
  EXPECT_EQ(Lists::names(house.list("$top=1", {{"Prefer", "odata.maxpagesize=3"}})), "four");
  EXPECT_EQ(house.list("", {{"Prefer", "odata.maxpagesize=5000"}}).header("Preference-Applied"),
            "odata.maxpagesize=100");
  EXPECT_EQ(house.list("$top=1").header("Preference-Applied"), "");
}

TEST(List, refuses_the_query_options_it_cannot_follow) {
  Lists house;
  Lists::refused(house.list("$filter=title%20eq%20'x'"), "$filter");
  Lists::refused(house.list("$orderby=priority"), "$orderby");
  Lists::refused(house.list("$orderby=creationDateTime,expirationDateTime"), "$orderby");
  Lists::refused(house.list("$orderby=creationDateTime%20down"), "$orderby");
  Lists::refused(house.list("$top=0"), "$top");
  Lists::refused(house.list("$top=ten"), "$top");
  Lists::refused(house.list("$count=yes"), "$count");
  Lists::refused(house.list("$select=id,title"), "$select");
  Lists::refused(house.list("$skip=1"), "$skip");
  Lists::refused(house.list("$deltatoken=latest"), "$deltatoken");
  Lists::refused(house.list("$top=1&$top=2"), "$top");
  EXPECT_TRUE(house.list("$filter=readState%20eq").at("/error/message").contains("column 13"));
}

TEST(List, of_several_cross_device_apps_one_is_named) {
  Lists house;
  house.store->transact_now(
      [&](store::Connection& tx) { store::cross_device::add_member(tx, house.other_app, house.client_app); });
  house.registry.load();
  const auto unnamed = house.list("");
  EXPECT_EQ(unnamed.at("/error/innerError/code"), "ambiguousTargetHostName");
  EXPECT_TRUE(unnamed.at("/error/message").contains("app.example.com"));
  EXPECT_TRUE(unnamed.at("/error/message").contains("other.example.com"));
  EXPECT_EQ(Lists::names(house.list("targetHostName=other.example.com")), "");
  EXPECT_EQ(house.list("targetHostName=none.example.com").at("/error/innerError/code"), "targetNotAllowed");
  EXPECT_EQ(house.walk("targetHostName=App.Example.Com&$top=2"), "four,three/two,one");
}

TEST(Count, is_a_number_as_text) {
  Lists house;
  const auto all = house.call("GET", "/beta/me/notifications/$count", house.fields);
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.body, "4");
  EXPECT_EQ(all.header("Content-Type"), "text/plain");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications/$count?$filter=groupName%20eq%20'b'", house.fields).body, "2");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications/$count", {house.as(house.bob)}).body, "0");
}

TEST(MarkAll, reads_everything_in_one_version) {
  Lists house;
  const auto done = house.call("POST", "/beta/me/notifications/markAllRead", house.fields);
  ASSERT_EQ(done.status, 204) << done.body;
  EXPECT_EQ(done.body, "");
  const auto base = *house.tokens.parse_etag(house.feed, done.header("X-Base-ETag"));
  EXPECT_EQ(*house.tokens.parse_etag(house.feed, done.header("X-New-ETag")), base + 1);
  EXPECT_EQ(Lists::names(house.list("$filter=readState%20eq%20'unread'")), "");
  const auto again = house.call("POST", "/beta/me/notifications/markAllRead", house.fields);
  EXPECT_EQ(again.status, 204);
  EXPECT_EQ(again.header("X-New-ETag"), again.header("X-Base-ETag"));
}

TEST(MarkAll, dismisses_one_group_where_one_is_named) {
  Lists house;
  const auto unsid = house.subscribe(house.alice, "phone");
  const auto done = house.call("POST", "/beta/me/notifications/dismissAll", {house.fields.front(), {"X-UNS-ID", unsid}},
                               R"({"groupName": "b"})");
  ASSERT_EQ(done.status, 204) << done.body;
  EXPECT_EQ(Lists::names(house.list("$filter=userActionState%20eq%20'dismissed'")), "four,three");
  const auto three = house.call("GET", house.at(2), house.fields);
  EXPECT_EQ(three.at("/readState"), "unread");
  EXPECT_NE(three.at("/handledBy/platform"), "(none)");
}

TEST(MarkAll, names_what_is_wrong_in_its_body) {
  Lists house;
  const auto mark = [&](std::string body) {
    return house.call("POST", "/beta/me/notifications/markAllRead", house.fields, std::move(body));
  };
  EXPECT_EQ(mark(R"({"groupName": 7})").at("/error/target"), "/groupName");
  EXPECT_EQ(mark("[]").at("/error/innerError/code"), "notAnObject");
  EXPECT_EQ(mark("{").at("/error/innerError/code"), "invalidJson");
  EXPECT_EQ(mark("{}").status, 204);
}

}  // namespace
}  // namespace hg::api
