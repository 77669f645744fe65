// What every bus promises, held against each: within one process, and over NATS between two that share nothing else.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>

#include "bus/local.h"
#include "bus/nats.h"
#include "bus/nats_for_tests.h"

namespace hg::bus {
namespace {

FeedKey feed_in(int group, int app = 0) {
  FeedKey feed;
  feed.user.guid.bytes[0] = static_cast<std::byte>(group);
  feed.app.guid.bytes[0] = static_cast<std::byte>(app);
  return feed;
}
Moved step(const FeedKey& feed, std::int64_t to) { return {.feed = feed, .from = to - 1, .to = to}; }

// One who listens, on a loop in miniature that the test's thread runs.
class Ear {
 public:
  explicit Ear(Bus& bus)
      : listener(bus.subscribe(
            [this](std::function<void()> task) {
              const std::scoped_lock lock(mutex_);
              tasks_.push_back(std::move(task));
            },
            [this](const Message& message) { heard.push_back(message); })) {}

  void run() {
    for (;;) {
      std::function<void()> task;
      {
        const std::scoped_lock lock(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  bool until_heard(const std::function<bool(const Message&)>& wanted) {
    return until([&] {
      run();
      return std::ranges::any_of(heard, wanted);
    });
  }
  bool until_moved(const FeedKey& feed, std::int64_t to) {
    return until_heard([&](const Message& message) {
      const auto* moved = std::get_if<Moved>(&message);
      return moved != nullptr && moved->feed == feed && moved->to == to;
    });
  }
  [[nodiscard]] std::vector<std::int64_t> steps_of(const FeedKey& feed) const {
    std::vector<std::int64_t> steps;
    for (const auto& message : heard)
      if (const auto* moved = std::get_if<Moved>(&message); moved != nullptr && moved->feed == feed)
        steps.push_back(moved->to);
    return steps;
  }
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& message : heard)
      if (const auto* one = std::get_if<T>(&message)) found.push_back(*one);
    return found;
  }

  std::vector<Message> heard;  // of the loop

 private:
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;

 public:
  std::shared_ptr<Listener> listener;
};

// A seal in miniature: bound to its subject, and nobody else's.
Nats::Options options_for(std::string server) {
  Nats::Options options;
  options.servers = {std::move(server)};
  options.subjects = "test";
  options.seal = [](std::string_view subject, std::string_view clear) {
    return "sealed for " + std::string(subject) + ":" + std::string(clear);
  };
  options.open = [](std::string_view subject, std::string_view sealed) -> std::optional<std::string> {
    const auto head = "sealed for " + std::string(subject) + ":";
    if (!sealed.starts_with(head)) return std::nullopt;
    return std::string(sealed.substr(head.size()));
  };
  return options;
}

struct Machines {
  virtual ~Machines() = default;
  virtual Bus& here() = 0;
  virtual Bus& there() = 0;
};

struct OneProcess final : Machines {
  Local bus;
  Bus& here() override { return bus; }
  Bus& there() override { return bus; }
};

struct OverNats final : Machines {
  NatsServer server;
  Nats one{options_for(server.address())}, other{options_for(server.address())};
  Bus& here() override { return one; }
  Bus& there() override { return other; }
};

class BusContract : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<Machines> machines_ =
      GetParam() ? std::unique_ptr<Machines>(new OverNats) : std::unique_ptr<Machines>(new OneProcess);
  Bus& here_ = machines_->here();
  Bus& there_ = machines_->there();

  // Follows a group there, and returns when what is published here is heard.
  void listen(Ear& ear, int group) {
    const auto probe = feed_in(group, 255);
    ear.listener->follow(probe);
    std::int64_t to = 0;
    ASSERT_TRUE(until([&] {
      here_.publish({step(probe, ++to)});
      ear.run();
      return !ear.steps_of(probe).empty();
    }));
  }
};

TEST_P(BusContract, keeps_the_order_of_each_feed_and_brings_each_message_once) {
  Ear ear(there_);
  listen(ear, 1);
  listen(ear, 2);
  std::vector<std::int64_t> wanted;

  for (std::int64_t to = 1; to <= 500; ++to) {
    here_.publish({step(feed_in(1), to), step(feed_in(2), to)});
    wanted.push_back(to);
  }

  ASSERT_TRUE(ear.until_moved(feed_in(2), 500));
  EXPECT_EQ(ear.steps_of(feed_in(1)), wanted);
  EXPECT_EQ(ear.steps_of(feed_in(2)), wanted);
}

TEST_P(BusContract, tells_both_machines_and_who_published_once_too) {
  Ear mine(here_), yours(there_);
  listen(mine, 1);
  listen(yours, 1);

  here_.publish({step(feed_in(1), 1)});
  here_.publish({step(feed_in(1), 2)});

  for (auto* ear : {&mine, &yours}) {
    ASSERT_TRUE(ear->until_moved(feed_in(1), 2));
    EXPECT_EQ(ear->steps_of(feed_in(1)), (std::vector<std::int64_t>{1, 2}));
  }
  // What comes back from elsewhere would have come before this.
  there_.publish({step(feed_in(1), 3)});
  ASSERT_TRUE(mine.until_moved(feed_in(1), 3));
  EXPECT_EQ(mine.steps_of(feed_in(1)), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_P(BusContract, carries_a_small_change) {
  Ear ear(there_);
  listen(ear, 7);
  auto change = std::make_shared<ChangeNote>();
  change->unread = 3;
  change->notes.push_back({.version = 1, .activity = R"({"id":"a")"});

  here_.publish({Moved{.feed = feed_in(7), .from = 0, .to = 1, .change = change}});

  ASSERT_TRUE(ear.until_moved(feed_in(7), 1));
  const auto got = ear.all<Moved>().back();
  ASSERT_TRUE(got.change);
  EXPECT_EQ(got.change->unread, 3);
  EXPECT_EQ(got.change->notes.at(0).activity, R"({"id":"a")");
}

TEST_P(BusContract, brings_ends_to_who_follows_and_staleness_to_everybody) {
  Ear follows(there_), does_not(there_);
  listen(follows, 9);
  const SubscriptionId subscription{feed_in(5).user.guid};

  here_.publish({Ended{feed_in(9), subscription, "unsubscribed"}});
  here_.publish({Stale{Stale::Kind::user, feed_in(3).user.guid}});

  const auto is_stale = [](const Message& message) { return std::holds_alternative<Stale>(message); };
  ASSERT_TRUE(follows.until_heard(is_stale));
  ASSERT_TRUE(does_not.until_heard(is_stale));
  EXPECT_EQ(follows.all<Stale>().at(0).key, feed_in(3).user.guid);
  ASSERT_TRUE(follows.until_heard([](const Message& message) { return std::holds_alternative<Ended>(message); }));
  EXPECT_EQ(follows.all<Ended>().at(0).subscription, subscription);
  EXPECT_TRUE(does_not.all<Ended>().empty());
}

TEST_P(BusContract, brings_nothing_of_groups_that_are_not_followed_or_no_longer) {
  Ear ear(there_);
  listen(ear, 1);
  listen(ear, 2);
  listen(ear, 3);

  ear.listener->unfollow(feed_in(1, 255));
  here_.publish({step(feed_in(4), 1)});
  here_.publish({step(feed_in(1), 1)});
  ear.listener->unfollow(feed_in(2, 255));
  here_.publish({step(feed_in(2), 1)});
  here_.publish({step(feed_in(3), 1)});

  ASSERT_TRUE(ear.until_moved(feed_in(3), 1));
  for (const int group : {1, 2, 4}) EXPECT_TRUE(ear.steps_of(feed_in(group)).empty()) << group;
}

TEST_P(BusContract, calls_nobody_who_has_left_not_even_with_what_was_posted_before) {
  Ear leaves(there_), stays(there_);
  listen(leaves, 1);
  listen(stays, 1);
  leaves.heard.clear();
  here_.publish({step(feed_in(1), 1)});
  ASSERT_TRUE(stays.until_moved(feed_in(1), 1));

  leaves.listener.reset();
  leaves.run();
  here_.publish({step(feed_in(1), 2)});
  ASSERT_TRUE(stays.until_moved(feed_in(1), 2));
  leaves.run();

  EXPECT_TRUE(leaves.heard.empty());
}

INSTANTIATE_TEST_SUITE_P(Buses, BusContract, ::testing::Values(false, true),
                         [](const auto& which) { return which.param ? "Nats" : "Local"; });

}  // namespace
}  // namespace hg::bus
