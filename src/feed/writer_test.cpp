#include "feed/writer.h"

#include <gtest/gtest.h>

#include <latch>
#include <numeric>

#include "feed/testing.h"

namespace hg::feed {
namespace {

// What became of requests that were made while the writing thread was held, and so went into one group.
struct Outcomes {
  std::vector<std::optional<Result<model::Changed>>> answers;
  std::vector<bool> faults;
};

Outcomes in_one_group(World& world, Writer& writer, std::vector<model::ChangeRequest> requests) {
  Outcomes outcomes{.answers = std::vector<std::optional<Result<model::Changed>>>(requests.size()),
                    .faults = std::vector<bool>(requests.size())};
  std::latch held(1);
  world.store->on_writer([&](store::Connection&) { held.wait(); });
  for (std::size_t i = 0; i < requests.size(); ++i) {
    boost::asio::co_spawn(world.loop, writer.apply(std::move(requests[i])),
                          [&outcomes, i](const std::exception_ptr& fault, Result<model::Changed> answer) {
                            outcomes.faults[i] = fault != nullptr;
                            if (!fault) outcomes.answers[i] = std::move(answer);
                          });
  }
  world.loop.restart();
  world.loop.poll();
  held.count_down();
  world.settle();
  return outcomes;
}

struct Heard {
  std::vector<bus::Moved> moved;
  std::shared_ptr<bus::Listener> listening;
  explicit Heard(World& world)
      : listening(listen_to_all(world.bus, world.loop, [this](const bus::Message& message) {
          moved.push_back(std::get<bus::Moved>(message));
        })) {}
};

// Posts titled "poison" break the statement that stores them.
void add_poison(World& world) {
  world.store->transact_now([](store::Connection& tx) {
    if (tx.dialect() == store::Dialect::postgresql)
      return tx.script("ALTER TABLE notifications ADD CHECK (title <> 'poison')");
    tx.script(
        "CREATE TRIGGER poison BEFORE INSERT ON notifications WHEN NEW.title = 'poison' "
        "BEGIN SELECT RAISE(ABORT, 'poisoned'); END;");
  });
}

model::ChangeRequest poison(World& world, std::string name) {
  auto request = world.post(std::move(name));
  std::get<model::PostRequest>(request.what).content.title = "poison";
  return request;
}

TEST(Writer, commits_what_waits_as_one_group_in_arrival_order) {
  World world;
  const Heard heard(world);

  const auto outcomes = in_one_group(world, world.writer, {world.post("a"), world.post("b"), world.dismiss("a")});

  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*outcomes.answers[i])->new_version, static_cast<std::int64_t>(i) + 1);
  ASSERT_EQ(heard.moved.size(), 1U);
  EXPECT_EQ(heard.moved[0].from, 0);
  EXPECT_EQ(heard.moved[0].to, 3);
  ASSERT_TRUE(heard.moved[0].change);
  EXPECT_EQ(heard.moved[0].change->notes.size(), 2U);
  EXPECT_EQ(heard.moved[0].change->unread, 2);
}

TEST(Writer, counts_what_it_took) {
  World world;
  auto repeated = world.post("b");
  std::get<model::PostRequest>(repeated.what).request_id = "11111111-1111-4111-8111-111111111111";
  std::get<model::PostRequest>(repeated.what).retry = true;

  in_one_group(world, world.writer,
               {world.post("a"), repeated, repeated, world.dismiss("a"), world.dismiss("a"), world.dismiss("unknown")});

  metrics::Page page;
  world.writer.measure(page);
  const std::string text = page.text();
  for (const std::string_view line :
       {"heliograph_notifications_accepted_total 2", "heliograph_notifications_replayed_total 1",
        "heliograph_changes_total 1", "heliograph_writer_group_size_sum 6", "heliograph_writer_group_size_count 1",
        "heliograph_writer_queue_depth 0", "heliograph_writer_queue_age_seconds 0"})
    EXPECT_TRUE(text.contains(std::string(line) + "\n")) << line << "\n" << text;
}

TEST(Writer, tells_nobody_of_what_changed_nothing) {
  World world;
  const Heard heard(world);

  EXPECT_FALSE(world.change(world.dismiss("unknown")));
  world.settle();

  EXPECT_TRUE(heard.moved.empty());
}

TEST(Writer, tells_only_of_feeds_that_somebody_follows) {
  World world;
  const Heard heard(world);
  bool followed = false;
  Writer writer(*world.store, world.bus, {.host_name = world.host_name, .followed = [&](const FeedKey& feed) {
                                            return followed && feed == world.feed;
                                          }});

  ASSERT_TRUE(world.run(writer.apply(world.post("a"))));
  followed = true;
  ASSERT_TRUE(world.run(writer.apply(world.post("b"))));
  world.settle();

  ASSERT_EQ(heard.moved.size(), 1U);
  EXPECT_EQ(heard.moved[0].from, 1);
}

TEST(Writer, carries_no_content_over_eight_kibibytes) {
  World world;
  const Heard heard(world);
  auto large = world.post("a");
  std::get<model::PostRequest>(large.what).content.raw_content = std::string(9'000, 'x');

  EXPECT_TRUE(world.change(large));

  ASSERT_EQ(heard.moved.size(), 1U);
  EXPECT_FALSE(heard.moved[0].change);
}

TEST(Writer, fails_only_the_guilty_member_of_a_group) {
  World world;
  add_poison(world);

  const auto outcomes = in_one_group(world, world.writer, {world.post("a"), poison(world, "p"), world.post("b")});

  EXPECT_EQ((*outcomes.answers[0])->new_version, 1);
  EXPECT_TRUE(outcomes.faults[1]);
  EXPECT_EQ((*outcomes.answers[2])->new_version, 2);
  EXPECT_EQ(world.run(world.reader.state(world.feed)).count, 2);
  EXPECT_FALSE(world.run(world.reader.find(world.feed.user, {world.feed.app}, world.id("p"))));
}

TEST(Writer, gives_a_concurrent_twin_the_answer_of_the_first) {
  World world;
  auto request = world.post("a");
  request.idempotency = model::IdempotencyKey{world.application, "key", "print"};

  const auto outcomes = in_one_group(world, world.writer, {request, request});

  EXPECT_FALSE((*outcomes.answers[0])->replayed);
  EXPECT_TRUE((*outcomes.answers[1])->replayed);
  EXPECT_EQ((*outcomes.answers[1])->new_version, 1);
}

TEST(Writer, turns_away_what_the_queue_cannot_hold) {
  World world;
  Writer small(*world.store, world.bus, {.host_name = world.host_name}, {.waiting = 2});

  const auto outcomes = in_one_group(world, small, {world.post("a"), world.post("b"), world.post("c")});

  EXPECT_TRUE((*outcomes.answers[0]).has_value());
  EXPECT_TRUE((*outcomes.answers[1]).has_value());
  EXPECT_EQ((*outcomes.answers[2]).error().code, Code::unavailable);
  EXPECT_TRUE((*outcomes.answers[2]).error().retry_after);
  EXPECT_TRUE(small.accepting());
}

TEST(Writer, turns_away_while_what_waits_is_old) {
  World world;
  Writer hasty(*world.store, world.bus, {.host_name = world.host_name}, {.age = Duration(-1)});

  std::latch held(1);
  world.store->on_writer([&](store::Connection&) { held.wait(); });
  boost::asio::co_spawn(world.loop, hasty.apply(world.post("a")), [](const auto&...) {});
  world.loop.poll();

  EXPECT_FALSE(hasty.accepting());
  held.count_down();
  world.settle();
}

TEST(Writer, answers_unavailable_while_the_disk_is_full_and_is_well_again_by_itself) {
  World world(store::kSqlite);
  ASSERT_TRUE(world.change(world.post("before")));
  auto large = [&](int i) {
    auto request = world.post("large" + std::to_string(i));
    std::get<model::PostRequest>(request.what).content.raw_content = std::string(16'000, 'x');
    return request;
  };
  world.store->set_max_pages(1);

  std::vector<model::ChangeRequest> group;
  for (int i = 0; i < 40; ++i) group.push_back(large(i));
  const auto outcomes = in_one_group(world, world.writer, group);
  const auto after = world.run(world.reader.state(world.feed));
  world.store->set_max_pages(0);
  const auto again = world.change(large(0));

  for (const auto& answer : outcomes.answers) {
    ASSERT_TRUE(answer);
    ASSERT_FALSE(*answer);
    EXPECT_EQ(answer->error().code, Code::unavailable);
    EXPECT_TRUE(answer->error().retry_after);
  }
  EXPECT_EQ(after.version, 1);
  EXPECT_EQ(after.count, 1);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->new_version, 2);
}

TEST(Writer, says_when_the_job_it_made_is_due) {
  World world;
  std::optional<Time> due;
  Writer hinting(*world.store, world.bus, {.host_name = world.host_name, .due = [&](Time at) { due = at; }});

  world.run(hinting.apply(world.post("a")));
  world.run(hinting.apply(world.snooze("a", std::chrono::minutes(5))));

  EXPECT_EQ(due, world.clock.now() + std::chrono::minutes(5));
}

// Each member of a group that is under way is one of a feed that others change too, in another order.
TEST(Writer, puts_groups_that_are_under_way_together_in_one_order_for_each_feed) {
  World world(store::kPostgres, 4);
  constexpr int kFeeds = 20, kRounds = 15;
  std::vector<FeedKey> feeds(kFeeds, world.feed);
  for (auto& feed : feeds) feed.user = UserId{crypto::random_guid()};
  std::map<FeedKey, std::vector<std::int64_t>> versions;
  int faults = 0;
  for (int round = 0; round < kRounds; ++round)
    for (int i = 0; i < kFeeds; ++i) {
      auto request = world.post(fmt::format("n{}", round));
      request.feed = feeds[static_cast<std::size_t>(round % 2 == 0 ? i : kFeeds - 1 - i)];
      boost::asio::co_spawn(world.loop, world.writer.apply(request),
                            [&, feed = request.feed](const std::exception_ptr& fault, Result<model::Changed> answer) {
                              if (fault || !answer)
                                ++faults;
                              else
                                versions[feed].push_back(answer->new_version);
                            });
    }
  world.settle();
  EXPECT_EQ(faults, 0);
  for (auto& [feed, seen] : versions) {
    std::ranges::sort(seen);
    std::vector<std::int64_t> all(kRounds);
    std::iota(all.begin(), all.end(), 1);
    EXPECT_EQ(seen, all);
  }
}

}  // namespace
}  // namespace hg::feed
