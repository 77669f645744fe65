#include "feed/reader.h"

#include <gtest/gtest.h>

#include "feed/testing.h"

namespace hg::feed {
namespace {

using std::chrono::hours;

std::vector<std::string> names(const std::vector<model::Notification>& notifications) {
  std::vector<std::string> all;
  for (const auto& n : notifications) all.push_back((n.deleted() ? "-" : "") + n.content.app_notification_id);
  return all;
}
using Names = std::vector<std::string>;

// What a client that holds `version` asks.
ChangesQuery from(std::int64_t version, std::size_t limit = kPage) {
  ChangesQuery query{.known = version, .after_version = version, .limit = limit};
  query.after_id.guid.bytes.fill(std::byte{0xff});
  return query;
}

// n0, n1, …, a millisecond apart.
void post(World& world, int count) {
  std::vector<model::ChangeRequest> all;
  for (int i = 0; i < count; ++i) {
    world.clock.advance(Duration(1));
    all.push_back(world.post("n" + std::to_string(i)));
  }
  world.apply(all);
}

TEST(Reader, tells_what_changed_since_a_version_tombstones_too) {
  World world;
  post(world, 4);
  world.apply({world.read("n1"), world.remove("n0")});

  const auto changes = world.run(world.reader.changes(world.feed, from(4)));

  ASSERT_TRUE(changes);
  EXPECT_EQ(names(changes->notifications), (Names{"n1", "-n0"}));
  EXPECT_EQ(changes->state.version, 6);
  EXPECT_FALSE(changes->more);
}

TEST(Reader, leaves_out_of_a_first_sync_what_was_deleted_before_it_began_but_not_what_is_deleted_meanwhile) {
  World world;
  post(world, 3);
  world.apply({world.remove("n0")});

  const auto first = world.run(world.reader.changes(world.feed, {.limit = 1}));
  world.apply({world.remove("n1")});
  const auto& last = first->notifications.back();
  const auto rest = world.run(world.reader.changes(
      world.feed, {.known = first->state.version, .after_version = last.version, .after_id = last.id}));

  EXPECT_EQ(names(first->notifications), (Names{"n1"}));
  EXPECT_TRUE(first->more);
  EXPECT_EQ(names(rest->notifications), (Names{"n2", "-n1"}));
  EXPECT_EQ(rest->state.version, 5);
}

TEST(Reader, goes_on_within_a_version_that_carries_several_changes) {
  World world;
  post(world, 5);
  world.apply({world.request(model::MarkAllRequest{std::nullopt, false, {"Live", "d", world.clock.now()}})});

  Names all;
  auto query = from(5, 2);
  for (bool more = true; more;) {
    const auto page = world.run(world.reader.changes(world.feed, query));
    std::ranges::copy(names(page->notifications), std::back_inserter(all));
    more = page->more;
    query.after_version = page->notifications.back().version;
    query.after_id = page->notifications.back().id;
  }

  std::ranges::sort(all);
  EXPECT_EQ(all, (Names{"n0", "n1", "n2", "n3", "n4"}));
}

TEST(Reader, does_not_know_what_changed_below_the_floor_or_in_the_future) {
  World world;
  post(world, 2);
  world.store->transact_now([&](store::Connection& tx) {
    auto row = store::feeds::lock(tx, world.feed);
    row.floor_version = 1;
    store::feeds::save(tx, world.feed, row);
  });

  EXPECT_EQ(world.run(world.reader.changes(world.feed, from(0))).error().code, Code::sync_state_not_found);
  EXPECT_EQ(world.run(world.reader.changes(world.feed, from(3))).error().code, Code::sync_state_not_found);
  EXPECT_TRUE(world.run(world.reader.changes(world.feed, from(1))));
}

TEST(Reader, filters_the_expired_everywhere) {
  World world;
  world.apply({world.post("short", hours(1)), world.post("long", hours(9))});
  world.clock.advance(hours(2));

  EXPECT_EQ(names(world.run(world.reader.changes(world.feed, {}))->notifications), (Names{"long"}));
  EXPECT_EQ(names(world.run(world.reader.list(world.feed, {})).notifications), (Names{"long"}));
  EXPECT_EQ(world.run(world.reader.view(world.feed)).ids.size(), 1U);
  EXPECT_FALSE(world.run(world.reader.find(world.feed.user, {world.feed.app}, world.id("short"))));
  const auto state = world.run(world.reader.state(world.feed));
  EXPECT_EQ(state.unread, 1);
  EXPECT_EQ(state.count, 1);
  EXPECT_EQ(state.version, 2);
}

TEST(Reader, tells_as_gone_what_expired_earlier_than_clients_were_told) {
  World world;
  world.apply({world.post("a", hours(9))});
  model::ContentPatch sooner;
  sooner.expires_at = world.clock.now() + hours(1);
  world.apply({world.request(model::EditRequest{world.id("a"), sooner})});
  world.clock.advance(hours(2));

  const auto changes = world.run(world.reader.changes(world.feed, from(1)));

  EXPECT_EQ(names(changes->notifications), (Names{"-a"}));
  world.clock.advance(hours(8));
  EXPECT_TRUE(world.run(world.reader.changes(world.feed, from(1)))->notifications.empty());
}

TEST(Reader, lists_newest_first_in_pages_whatever_was_changed_since) {
  World world;
  post(world, 5);
  world.apply({world.read("n0"), world.remove("n3")});

  const auto first = world.run(world.reader.list(world.feed, {.top = 2}));
  const auto second = world.run(world.reader.list(world.feed, {.top = 2, .after = first.next}));

  EXPECT_EQ(names(first.notifications), (Names{"n4", "n2"}));
  EXPECT_EQ(first.count, 4U);
  EXPECT_EQ(names(second.notifications), (Names{"n1", "n0"}));
  EXPECT_FALSE(second.next);
  EXPECT_EQ(second.notifications[0].content.title, "Hello");
}

TEST(Reader, lists_in_the_order_asked_for_and_what_is_kept_alone) {
  World world;
  post(world, 5);
  world.apply({world.read("n1"), world.read("n3")});
  ListQuery query;
  query.order = Order::oldest;
  query.top = 1;
  query.keep = [](const model::Notification& n) { return n.read_state == model::ReadState::read; };

  const auto first = world.run(world.reader.list(world.feed, query));
  query.after = first.next;
  const auto second = world.run(world.reader.list(world.feed, query));

  EXPECT_EQ(first.count, 2U);
  EXPECT_EQ(names(first.notifications), (Names{"n1"}));
  EXPECT_EQ(names(second.notifications), (Names{"n3"}));
}

TEST(Reader, views_a_whole_feed_in_pages_and_skips_what_is_gone_meanwhile) {
  World world;
  post(world, 3);

  const auto view = world.run(world.reader.view(world.feed));
  world.apply({world.remove("n1")});
  const auto rows = world.run(world.reader.rows(world.feed, view.ids));

  EXPECT_EQ(view.state.version, 3);
  EXPECT_EQ(names(rows), (Names{"n2", "n0"}));
}

TEST(Reader, finds_through_several_apps_by_id_and_by_name) {
  World world;
  const AppId other{crypto::random_guid()};
  const FeedKey second{world.feed.user, other};
  auto elsewhere = world.post("a");
  elsewhere.feed = second;
  std::get<model::PostRequest>(elsewhere.what).id = world.tokens.notification_id(second, "a");
  world.apply({world.post("a"), elsewhere, world.post("b"), world.remove("b")});
  const std::vector apps{world.feed.app, other};

  const auto found = world.run(world.reader.find(world.feed.user, apps, world.tokens.notification_id(second, "a")));
  EXPECT_EQ(found->feed, second);
  EXPECT_EQ(world.run(world.reader.find_named(world.feed.user, apps, "a")).size(), 2U);
  EXPECT_FALSE(world.run(world.reader.find(world.feed.user, apps, world.id("b"))));
  EXPECT_EQ(world.run(world.reader.feed_of(world.feed.user, apps, world.id("b"))), world.feed);
  EXPECT_FALSE(world.run(world.reader.feed_of(UserId{crypto::random_guid()}, apps, world.id("b"))));
}

// More than one statement takes.
TEST(Reader, tells_the_versions_of_many_feeds_at_once) {
  World world;
  std::vector<std::pair<FeedKey, std::int64_t>> all;
  for (int i = 1; i <= 150; ++i) all.emplace_back(FeedKey{UserId{crypto::random_guid()}, world.feed.app}, i);
  world.store->transact_now([&](store::Connection& tx) {
    for (const auto& [feed, version] : all) {
      auto row = store::feeds::lock(tx, feed);
      row.version = version;
      store::feeds::save(tx, feed, row);
    }
  });
  std::vector<FeedKey> asked{world.feed};  // nothing ever happened there
  for (const auto& [feed, version] : all) asked.push_back(feed);

  auto found = world.run(world.reader.versions(asked));

  std::ranges::sort(found);
  std::ranges::sort(all);
  EXPECT_EQ(found, all);
  EXPECT_TRUE(world.run(world.reader.versions({})).empty());
}

}  // namespace
}  // namespace hg::feed
