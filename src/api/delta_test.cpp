#include "api/lists_for_tests.h"
#include "store/feeds.h"

namespace hg::api {
namespace {

TEST(Delta, tells_what_changed_since_its_token) {
  House house;
  const House::Fields fields{house.as(house.alice)};
  const auto one = house.post_as(house.alice, "one").at("/id");
  const auto two = house.post_as(house.alice, "two").at("/id");
  const auto first = house.call("GET", "/beta/me/notifications/delta?$top=1", fields);
  const auto rest = house.call("GET", first.at("/@odata.nextLink").substr(kBase.size()), fields);
  const std::string link = rest.at("/@odata.deltaLink");
  ASSERT_TRUE(link.contains("$deltatoken=")) << rest.body;

  const auto removed = house.call("DELETE", "/beta/me/notifications/" + one, fields);
  const auto since = house.call("GET", link.substr(kBase.size()), fields);

  EXPECT_EQ(first.at("/value/0/id"), one);
  EXPECT_EQ(rest.at("/value/0/id"), two);
  EXPECT_EQ(since.at("/value/0/id"), one) << since.body;
  EXPECT_EQ(since.at("/value/0/@removed/reason"), "deleted");
  EXPECT_EQ(since.at("/value/1"), "(none)");
  EXPECT_TRUE(since.at("/@odata.deltaLink").ends_with(removed.header("X-New-ETag")));
}

TEST(Delta, begins_at_the_latest_where_that_is_asked_for) {
  House house;
  house.post_as(house.alice, "one");
  const auto reply = house.call("GET", "/beta/me/notifications/delta()?$deltatoken=latest", {house.as(house.alice)});
  EXPECT_EQ(reply.at("/value"), "[]") << reply.body;
  EXPECT_NE(reply.at("/@odata.deltaLink"), "(none)");
}

TEST(Delta, a_foreign_token_is_refused_and_one_of_another_epoch_starts_again) {
  House house;
  const auto reply = house.call("GET", "/beta/me/notifications/delta?$deltatoken=abc", {house.as(house.alice)});
  EXPECT_EQ(reply.at("/error/innerError/code"), "invalidQueryOption");
  const feed::Tokens restored(house.key, 8);
  const auto gone = house.call("GET", "/beta/me/notifications/delta?$deltatoken=" + restored.etag(house.feed, 1),
                               {house.as(house.alice)});
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.header("Location"),
            std::string(kBase) + "/beta/me/notifications/delta?targetHostName=app.example.com");
}

TEST(Delta, goes_by_pages_and_then_by_what_changed) {
  Lists house;
  std::string seen;
  auto page = house.call("GET", "/beta/me/notifications/delta?$top=3&$select=appNotificationId", house.fields);
  while (page.at("/@odata.nextLink") != "(none)") {
    seen += Lists::names(page) + "/";
    page = house.follow(page.at("/@odata.nextLink"));
  }
  EXPECT_EQ(seen + Lists::names(page), "one,three,four/two");
  const auto link = page.at("/@odata.deltaLink");
  ASSERT_EQ(house.call("DELETE", house.at(0), house.fields).status, 204);
  ASSERT_EQ(house.call("POST", "/beta/me/notifications/markAllRead", house.fields).status, 204);
  page = house.follow(link);
  const auto whole = page.json();
  EXPECT_EQ(whole.at("value").as_array().size(), 3U);
  EXPECT_EQ(page.at("/value/0/@removed/reason"), "deleted");
  EXPECT_EQ(page.at("/value/0/id"), house.ids.at(0));
  EXPECT_EQ(page.at("/value/1/readState"), "(none)");  // still $select
}

TEST(Delta, takes_no_token_of_another_kind_or_feed) {
  Lists house;
  const auto list = house.list("$top=1").at("/@odata.nextLink");
  const auto skip = list.substr(list.find("$skiptoken=") + 11);
  const auto delta = house.call("GET", "/beta/me/notifications/delta?$top=1", house.fields).at("/@odata.nextLink");
  const auto next = delta.substr(delta.find("$skiptoken=") + 11);
  const auto etag = house.tokens.etag(house.feed, 1);
  const auto unsid = house.subscribe(house.alice);
  const auto asked = [&](std::string_view option, const std::string& token) {
    return house.call("GET", "/beta/me/notifications/delta?" + std::string(option) + "=" + token, house.fields);
  };
  for (const auto& token : {skip, etag, unsid, std::string("latest"), std::string(), next + "A"})
    Lists::refused(asked("$skiptoken", token), "$skiptoken");
  for (const auto& token :
       {skip, next, unsid, std::string(), etag + "A", house.tokens.etag({house.bob.id, house.app}, 1),
        house.tokens.etag({house.alice.id, house.other_app}, 1)})
    Lists::refused(asked("$deltatoken", token), "$deltatoken");
  Lists::refused(house.list("$skiptoken=" + next), "$skiptoken");
  EXPECT_EQ(asked("$skiptoken", next).status, 200);
  EXPECT_EQ(asked("$deltatoken", etag).status, 200);
}

TEST(Delta, starts_again_where_the_past_is_no_longer_known) {
  Lists house;
  const auto next =
      house
          .call("GET",
                "/beta/me/notifications/delta?$deltatoken=" + house.tokens.etag(house.feed, 1) + "&$top=1&$select=id",
                house.fields)
          .at("/@odata.nextLink");
  house.store->transact_now([&](store::Connection& tx) {
    auto row = store::feeds::lock(tx, house.feed);
    row.floor_version = 3;
    store::feeds::save(tx, house.feed, row);
  });
  const feed::Tokens restored(house.key, 8);
  const std::string fresh =
      std::string(kBase) + "/beta/me/notifications/delta?targetHostName=app.example.com&$top=1&$select=id";
  const auto gone = [&](std::string_view option, const std::string& token) {
    const auto reply = house.call(
        "GET", "/beta/me/notifications/delta?$top=1&$select=id&" + std::string(option) + "=" + token, house.fields);
    EXPECT_EQ(reply.status, 410) << reply.body;
    EXPECT_EQ(reply.at("/error/code"), "syncStateNotFound");
    EXPECT_EQ(reply.header("Location"), fresh);
  };
  gone("$deltatoken", house.tokens.etag(house.feed, 2));
  gone("$deltatoken", restored.etag(house.feed, 4));
  gone("$skiptoken", next.substr(next.find("$skiptoken=") + 11));
  gone("$skiptoken", restored.page(house.feed, feed::PageKind::delta, {4, {}, "4"}));
  EXPECT_EQ(house.follow(fresh).status, 200);
}

}  // namespace
}  // namespace hg::api
