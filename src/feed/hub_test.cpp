#include "feed/hub.h"

#include <gtest/gtest.h>

#include "feed/testing.h"

namespace hg::feed {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Signal {
  std::string type, base, next;
  std::vector<json::object> activities;
};

// A connection that writes down what it is told; `room` messages fit before it is blocked.
struct Connection {
  std::vector<Signal> signals;
  std::vector<std::string> events;
  std::uint16_t closed = 0;
  int room = 1'000'000;
  Live live;

  LiveSend send() {
    return [this](const LiveMessage& message) {
      if (message.kind == LiveMessage::Kind::close) closed = message.code;
      if (message.kind == LiveMessage::Kind::event) events.emplace_back(message.name);
      if (message.kind == LiveMessage::Kind::signal) take(message);
      return --room > 0;
    };
  }
  void take(const LiveMessage& message) {
    const auto object = parse_json(message.text).value().as_object();
    Signal signal{.type = std::string(object.at("changeType").as_string()),
                  .base = std::string(object.at("baseETag").as_string()),
                  .next = std::string(object.at("newETag").as_string()),
                  .activities = {}};
    EXPECT_EQ(signal.next, message.name);
    for (const auto& activity : object.at("activities").as_array()) signal.activities.push_back(activity.as_object());
    signals.push_back(std::move(signal));
  }
  // Each signal begins where the one before ended.
  [[nodiscard]] bool contiguous() const {
    for (std::size_t i = 1; i < signals.size(); ++i) {
      if (signals[i].base != signals[i - 1].next) return false;
    }
    return true;
  }
  void drain() {
    room = 1'000'000;
    live.drained();
  }
};

struct LiveWorld : World {
  Hub hub{loop.get_executor(), reader, subscriptions, tokens, bus, presence, host_name, clock, {}};

  void open(Connection& connection, std::optional<std::int64_t> from = {}, SubscriptionId subscription = {},
            model::Platform platform = model::Platform::none) {
    LiveReader wanted{.feed = feed, .subscription = subscription, .platform = platform};
    if (from) wanted.etag = tokens.etag(feed, *from);
    wanted.send = connection.send();
    connection.live = hub.open(std::move(wanted)).value();
    settle();
  }
  [[nodiscard]] std::string etag(std::int64_t version) const { return tokens.etag(feed, version); }
};

std::string_view alert(const json::object& activity) {
  const auto* said = activity.if_contains("alert");
  return !said ? "absent" : said->as_bool() ? "true" : "false";
}

TEST(Hub, tells_each_change_once_from_etag_to_etag) {
  LiveWorld world;
  Connection one, two;
  world.open(one);
  world.open(two);

  world.change(world.post("a"));
  world.change(world.post("b"));
  world.change(world.dismiss("a"));

  for (const auto* c : {&one, &two}) {
    ASSERT_EQ(c->signals.size(), 3U);
    EXPECT_EQ(c->signals[0].base, world.etag(0));
    EXPECT_EQ(c->signals[2].next, world.etag(3));
    EXPECT_TRUE(c->contiguous());
    EXPECT_EQ(c->signals[0].type, "afsChange");
    EXPECT_EQ(c->signals[0].activities.at(0).at("appActivityId").as_string(), "a");
  }
}

TEST(Hub, replays_what_was_missed_as_one_signal) {
  LiveWorld world;
  world.apply({world.post("a"), world.post("b"), world.post("c"), world.dismiss("b")});
  Connection late;

  world.open(late, 1);

  ASSERT_EQ(late.signals.size(), 1U);
  EXPECT_EQ(late.signals[0].base, world.etag(1));
  EXPECT_EQ(late.signals[0].next, world.etag(4));
  ASSERT_EQ(late.signals[0].activities.size(), 2U);
  EXPECT_EQ(late.signals[0].activities[0].at("appActivityId").as_string(), "b");
  EXPECT_EQ(late.signals[0].activities[1].at("appActivityId").as_string(), "c");
}

TEST(Hub, says_nothing_to_who_missed_nothing) {
  LiveWorld world;
  world.apply({world.post("a")});
  Connection current, fresh;

  world.open(current, 1);
  world.open(fresh);

  EXPECT_TRUE(current.signals.empty());
  EXPECT_TRUE(fresh.signals.empty());
}

TEST(Hub, sends_to_fetch_from_an_etag_that_names_nothing_known) {
  LiveWorld world;
  world.apply({world.post("a"), world.post("b")});
  world.store->transact_now([&](store::Connection& tx) {
    auto row = store::feeds::lock(tx, world.feed);
    row.floor_version = 1;
    store::feeds::save(tx, world.feed, row);
  });
  Connection below, malformed, ahead;

  world.open(below, 0);
  world.open(ahead, 99);
  LiveReader wanted{.feed = world.feed};
  wanted.etag = "nonsense";
  wanted.send = malformed.send();
  malformed.live = world.hub.open(std::move(wanted)).value();
  world.settle();
  world.change(world.post("c"));

  for (const auto* c : {&below, &malformed, &ahead}) {
    ASSERT_EQ(c->signals.size(), 2U);
    EXPECT_EQ(c->signals[0].type, "afsChangeNotification");
    EXPECT_TRUE(c->signals[0].activities.empty());
    EXPECT_EQ(c->signals[0].next, world.etag(2));
    EXPECT_TRUE(c->contiguous());
  }
}

TEST(Hub, lets_a_blocked_reader_fall_behind_and_tells_it_everything_once_it_drains) {
  LiveWorld world;
  Connection slow;
  slow.room = 1;
  world.open(slow);

  world.change(world.post("a"));
  world.change(world.post("b"));
  world.change(world.post("c"));
  EXPECT_EQ(slow.signals.size(), 1U);
  slow.drain();
  world.settle();

  ASSERT_EQ(slow.signals.size(), 2U);
  EXPECT_TRUE(slow.contiguous());
  EXPECT_EQ(slow.signals[1].next, world.etag(3));
  EXPECT_EQ(slow.signals[1].activities.size(), 2U);
}

TEST(Hub, gives_one_change_notification_where_too_much_was_missed) {
  LiveWorld world;
  Connection slow;
  slow.room = 1;
  world.open(slow);
  world.change(world.post("a"));
  for (int i = 0; i < 8; ++i) {
    auto large = world.post("large" + std::to_string(i));
    std::get<model::PostRequest>(large.what).content.raw_content = std::string(4'000, 'x');
    world.change(large);
  }

  slow.drain();
  world.settle();
  world.change(world.post("b"));

  ASSERT_EQ(slow.signals.size(), 3U);
  EXPECT_EQ(slow.signals[1].type, "afsChangeNotification");
  EXPECT_EQ(slow.signals[1].next, world.etag(9));
  EXPECT_EQ(slow.signals[2].type, "afsChange");
  EXPECT_TRUE(slow.contiguous());
}

TEST(Hub, reads_the_store_for_what_no_message_can_carry) {
  LiveWorld world;
  Connection reader;
  world.open(reader);
  auto large = world.post("large");
  std::get<model::PostRequest>(large.what).content.raw_content = std::string(9'000, 'x');

  world.change(large);

  ASSERT_EQ(reader.signals.size(), 1U);
  EXPECT_EQ(reader.signals[0].type, "afsChange");
  EXPECT_EQ(reader.signals[0].activities.size(), 1U);
}

TEST(Hub, takes_messages_in_any_order_or_not_at_all) {
  LiveWorld world;
  Connection reader;
  world.open(reader);
  world.apply({world.post("a")});
  world.apply({world.post("b")});

  world.bus.publish({bus::Moved{.feed = world.feed, .from = 1, .to = 2}});
  world.settle();
  world.bus.publish({bus::Moved{.feed = world.feed, .from = 0, .to = 1}});
  world.settle();
  ASSERT_EQ(reader.signals.size(), 1U);
  EXPECT_EQ(reader.signals[0].next, world.etag(2));

  world.apply({world.post("lost")});
  world.run(world.hub.sweep());

  ASSERT_EQ(reader.signals.size(), 2U);
  EXPECT_EQ(reader.signals[1].next, world.etag(3));
  EXPECT_TRUE(reader.contiguous());
}

TEST(Hub, compares_at_once_where_messages_were_missed) {
  LiveWorld world;
  Connection reader;
  world.open(reader);
  world.apply({world.post("missed")});

  world.bus.publish({bus::Missed{bus::group_of(world.feed) ^ 1}});
  world.settle();
  EXPECT_TRUE(reader.signals.empty()) << "that was another group";
  world.bus.publish({bus::Missed{bus::group_of(world.feed)}});
  world.settle();
  world.apply({world.post("missed too")});
  world.bus.publish({bus::Missed{}});
  world.settle();

  ASSERT_EQ(reader.signals.size(), 2U);
  EXPECT_EQ(reader.signals[1].next, world.etag(2));
  EXPECT_TRUE(reader.contiguous());
}

TEST(Hub, follows_the_groups_of_those_who_are_connected_and_no_others) {
  World world;
  std::vector<std::pair<int, bool>> followed;
  bus::Local bus([&](int group, bool now) { followed.emplace_back(group, now); });
  Hub hub(world.loop.get_executor(), world.reader, world.subscriptions, world.tokens, bus, world.presence,
          world.host_name, world.clock, {});
  const auto group = bus::group_of(world.feed);
  Connection one, two;
  const auto open = [&](Connection& connection) {
    LiveReader wanted{.feed = world.feed};
    wanted.send = connection.send();
    connection.live = hub.open(std::move(wanted)).value();
    world.settle();
  };

  open(one);
  open(two);
  one.live = {};
  EXPECT_EQ(followed, (std::vector<std::pair<int, bool>>{{group, true}}));
  two.live = {};
  EXPECT_EQ(followed.back(), std::pair(group, false));
  open(one);

  EXPECT_EQ(followed.size(), 3U);
}

TEST(Hub, says_whether_a_user_is_connected_here) {
  LiveWorld world;
  std::vector<Guid> here;
  const auto listening = listen_to_all(world.bus, world.loop, [&](const bus::Message& message) {
    if (const auto* said = std::get_if<bus::Here>(&message)) here.push_back(said->question);
  });
  const auto first = crypto::random_guid(), second = crypto::random_guid();
  const auto ask = [&](const Guid& question) {
    world.bus.publish({bus::Asks{world.feed, question}});
    world.settle();
  };
  Connection reader;

  ask(first);
  EXPECT_TRUE(here.empty());
  world.open(reader);
  ask(second);

  EXPECT_EQ(here, std::vector<Guid>{second});
}

// Loses every other message, and says nothing of it.
class Lossy final : public bus::Bus {
 public:
  void publish(std::vector<bus::Message> messages) override {
    std::erase_if(messages, [&](const bus::Message&) { return ++number_ % 2 == 0; });
    bus_.publish(std::move(messages));
  }
  std::shared_ptr<bus::Listener> subscribe(Post post, Handler handler) override {
    return bus_.subscribe(std::move(post), std::move(handler));
  }
  [[nodiscard]] bool connected() const override { return true; }
  void measure(metrics::Page&) const override {}

 private:
  bus::Local bus_;
  std::atomic<std::uint64_t> number_ = 0;
};

TEST(Hub, converges_where_half_of_all_messages_are_lost) {
  World world;
  Lossy bus;
  Writer writer(*world.store, bus, {.host_name = world.host_name});
  Hub hub(world.loop.get_executor(), world.reader, world.subscriptions, world.tokens, bus, world.presence,
          world.host_name, world.clock, {});
  Connection reader;
  LiveReader wanted{.feed = world.feed};
  wanted.send = reader.send();
  reader.live = hub.open(std::move(wanted)).value();
  world.settle();

  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.run(writer.apply(world.post("post " + std::to_string(i)))));
  ASSERT_FALSE(reader.signals.empty());
  EXPECT_NE(reader.signals.back().next, world.tokens.etag(world.feed, 20)) << "the last one was lost";
  world.run(hub.sweep());

  EXPECT_EQ(reader.signals.back().next, world.tokens.etag(world.feed, 20));
  EXPECT_TRUE(reader.contiguous());
}

TEST(Hub, leaves_out_who_made_the_change_and_goes_on_from_what_its_answer_said) {
  LiveWorld world;
  const auto mine = world.run(world.subscriptions.create_or_renew(world.endpoint("mine")))->subscription.id;
  Connection maker, other;
  world.open(maker, {}, mine);
  world.open(other);
  world.change(world.post("a"));

  auto request = world.dismiss("a");
  request.maker = mine;
  const auto answer = world.change(request);
  world.change(world.post("b"));

  ASSERT_EQ(maker.signals.size(), 2U);
  EXPECT_EQ(maker.signals[0].next, world.etag(answer->base_version));
  EXPECT_EQ(maker.signals[1].base, world.etag(answer->new_version));
  EXPECT_EQ(other.signals.size(), 3U);
  EXPECT_TRUE(other.contiguous());
}

TEST(Hub, passes_over_the_makers_own_change_also_where_it_reads_the_store) {
  LiveWorld world;
  const auto mine = world.run(world.subscriptions.create_or_renew(world.endpoint("mine")))->subscription.id;
  world.apply({world.post("a"), world.post("b")});
  Connection maker, other;
  world.open(maker, {}, mine);
  world.open(other);
  auto dismissed = world.dismiss("a"), read = world.read("a");
  dismissed.maker = read.maker = mine;

  world.apply({dismissed, read, world.dismiss("b")});  // its message is lost
  world.run(world.hub.sweep());

  ASSERT_EQ(maker.signals.size(), 1U);
  EXPECT_EQ(maker.signals[0].base, world.etag(4));
  EXPECT_EQ(maker.signals[0].next, world.etag(5));
  ASSERT_EQ(maker.signals[0].activities.size(), 1U);
  EXPECT_EQ(maker.signals[0].activities[0].at("appActivityId").as_string(), "b");
  ASSERT_EQ(other.signals.size(), 1U);
  EXPECT_EQ(other.signals[0].activities.size(), 2U);
}

TEST(Hub, tells_the_maker_of_its_own_change_where_another_lies_below_it) {
  LiveWorld world;
  const auto mine = world.run(world.subscriptions.create_or_renew(world.endpoint("mine")))->subscription.id;
  Connection maker;
  world.open(maker, {}, mine);
  world.apply({world.post("a")});  // its message is lost
  auto dismissed = world.dismiss("a");
  dismissed.maker = mine;

  world.change(dismissed);

  ASSERT_EQ(maker.signals.size(), 1U);
  EXPECT_EQ(maker.signals[0].base, world.etag(0));
  EXPECT_EQ(maker.signals[0].next, world.etag(2));
  EXPECT_EQ(maker.signals[0].activities.at(0).at("userActionState").as_int64(), 2);
}

TEST(Hub, replays_what_the_endpoint_did_itself_where_it_opens_from_before_it) {
  LiveWorld world;
  const auto mine = world.run(world.subscriptions.create_or_renew(world.endpoint("mine")))->subscription.id;
  auto posted = world.post("a");
  posted.maker = mine;
  world.apply({posted});
  Connection again;

  world.open(again, 0, mine);

  ASSERT_EQ(again.signals.size(), 1U);
  EXPECT_EQ(again.signals[0].activities.size(), 1U);
}

TEST(Hub, brings_a_small_change_to_everybody_without_a_read_of_the_store) {
  LiveWorld world;
  std::vector<Connection> readers(10);
  for (auto& reader : readers) world.open(reader);
  const auto before = world.store->reads();

  for (int i = 0; i < 5; ++i) world.change(world.post("n" + std::to_string(i)));

  for (const auto& reader : readers) EXPECT_EQ(reader.signals.size(), 5U);
  EXPECT_EQ(world.store->reads(), before);
}

TEST(Hub, reads_a_large_change_once_for_everybody) {
  LiveWorld world;
  std::vector<Connection> readers(10);
  for (auto& reader : readers) world.open(reader);
  auto large = world.post("large");
  std::get<model::PostRequest>(large.what).content.raw_content = std::string(9'000, 'x');
  const auto before = world.store->reads();

  world.change(large);

  for (const auto& reader : readers) EXPECT_EQ(reader.signals.size(), 1U);
  EXPECT_EQ(world.store->reads(), before + 1);
}

TEST(Hub, marks_what_is_not_to_alert) {
  LiveWorld world;
  Connection phone, windows;
  world.open(phone, {}, {}, model::Platform::ios);
  world.open(windows, {}, {}, model::Platform::windows);
  auto request = world.post("a");
  std::get<model::PostRequest>(request.what).content.platforms = static_cast<model::PlatformMask>(model::Platform::ios);

  world.change(request);
  world.change(world.dismiss("a"));

  EXPECT_EQ(alert(phone.signals.at(0).activities.at(0)), "absent");
  EXPECT_EQ(alert(windows.signals.at(0).activities.at(0)), "false");
  EXPECT_EQ(alert(phone.signals.at(1).activities.at(0)), "false");
}

TEST(Hub, does_not_alert_for_what_is_older_than_five_minutes) {
  LiveWorld world;
  world.apply({world.post("old")});
  world.clock.advance(minutes(6));
  world.apply({world.post("new")});
  Connection laptop;

  world.open(laptop, 0);

  EXPECT_EQ(alert(laptop.signals.at(0).activities.at(0)), "false");
  EXPECT_EQ(alert(laptop.signals.at(0).activities.at(1)), "absent");
}

TEST(Hub, tells_that_but_not_what_where_only_that_was_asked_for) {
  LiveWorld world;
  Connection terse;
  LiveReader wanted{.feed = world.feed};
  wanted.type = model::NotificationType::only;
  wanted.send = terse.send();
  terse.live = world.hub.open(std::move(wanted)).value();
  world.settle();

  world.change(world.post("a"));

  EXPECT_EQ(terse.signals.at(0).type, "afsChangeNotification");
}

TEST(Hub, closes_when_the_subscription_ends) {
  LiveWorld world;
  const auto made = world.run(world.subscriptions.create_or_renew(world.endpoint("phone")));
  Connection its_own, another;
  world.open(its_own, {}, made->subscription.id);
  world.open(another);

  world.run(world.subscriptions.end(world.feed, made->subscription.id, model::EndReason::unsubscribed));
  world.change(world.post("a"));

  EXPECT_EQ(its_own.closed, kCloseEnded);
  EXPECT_EQ(its_own.events, std::vector<std::string>{"subscriptionEnded"});
  EXPECT_TRUE(its_own.signals.empty());
  EXPECT_EQ(another.closed, 0);
  EXPECT_EQ(another.signals.size(), 1U);
}

TEST(Hub, keeps_a_subscription_alive_and_stores_what_was_acknowledged) {
  LiveWorld world;
  const auto made = world.run(world.subscriptions.create_or_renew(world.endpoint("phone")));
  Connection connection;
  world.open(connection, {}, made->subscription.id);
  world.change(world.post("a"));
  EXPECT_TRUE(connection.live.acked(world.etag(1)));
  EXPECT_FALSE(connection.live.acked("nonsense"));

  world.clock.advance(hours(48));
  world.run(world.hub.sweep());

  const auto now = world.run(world.subscriptions.find(world.feed, made->subscription.id));
  EXPECT_EQ(now->seen_version, 1);
  EXPECT_EQ(now->expires_at, world.clock.now() + model::kDefaultLife);
}

TEST(Hub, warns_once_of_an_end_within_three_days) {
  LiveWorld world;
  auto wanted = world.endpoint("phone");
  wanted.expires_at = world.clock.now() + hours(40);
  const auto made = world.run(world.subscriptions.create_or_renew(wanted));
  Connection connection;
  world.open(connection, {}, made->subscription.id);

  world.run(world.hub.sweep());
  world.clock.advance(hours(13));
  world.run(world.hub.sweep());

  EXPECT_EQ(connection.events, std::vector<std::string>{"subscriptionExpiring"});
}

TEST(Hub, has_twenty_connections_a_user_at_most_over_all_loops) {
  LiveWorld world;
  Hub second(world.loop.get_executor(), world.reader, world.subscriptions, world.tokens, world.bus, world.presence,
             world.host_name, world.clock, {});
  std::vector<Connection> connections(21);
  for (int i = 0; i < 20; ++i) {
    LiveReader wanted{.feed = world.feed};
    wanted.send = connections[static_cast<std::size_t>(i)].send();
    auto& hub = i % 2 == 0 ? world.hub : second;
    connections[static_cast<std::size_t>(i)].live = hub.open(std::move(wanted)).value();
  }
  const auto open = [&] {
    LiveReader wanted{.feed = world.feed};
    wanted.send = connections[20].send();
    return world.hub.open(std::move(wanted));
  };

  EXPECT_EQ(open().error().code, Code::too_many_requests);
  connections[3].live = {};
  EXPECT_TRUE(open());
  world.settle();
}

TEST(Hub, closes_everything_when_it_drains_and_opens_nothing_more) {
  LiveWorld world;
  Connection connection;
  world.open(connection);

  world.hub.drain();

  EXPECT_EQ(connection.closed, kCloseRestarting);
  LiveReader wanted{.feed = world.feed};
  wanted.send = connection.send();
  EXPECT_EQ(world.hub.open(std::move(wanted)).error().code, Code::unavailable);
  connection.live = {};
  EXPECT_EQ(world.hub.size(), 0U);
  EXPECT_EQ(world.presence.total(), 0U);
}

TEST(Hub, stays_contiguous_for_readers_of_every_pace) {
  LiveWorld world;
  std::vector<Connection> readers(6);
  for (auto& reader : readers) world.open(reader);
  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = 1; i < readers.size(); ++i) {
      if (round % static_cast<int>(i + 1) == 0) readers[i].room = 1;
    }
    std::vector<model::ChangeRequest> group;
    for (int i = 0; i <= round % 3; ++i) group.push_back(world.post("n" + std::to_string((round * 7 + i) % 23)));
    if (round % 5 == 0) {
      world.apply(group);  // its message is lost
    } else {
      for (auto& one : group) world.change(std::move(one));
    }
    for (std::size_t i = 1; i < readers.size(); ++i) {
      if (round % static_cast<int>(i + 2) == 0) readers[i].drain();
    }
    world.settle();
  }
  for (auto& reader : readers) reader.drain();
  world.run(world.hub.sweep());

  const auto version = world.run(world.reader.state(world.feed)).version;
  for (const auto& reader : readers) {
    EXPECT_TRUE(reader.contiguous());
    ASSERT_FALSE(reader.signals.empty());
    EXPECT_EQ(reader.signals.front().base, world.etag(0));
    EXPECT_EQ(reader.signals.back().next, world.etag(version));
  }
}

}  // namespace
}  // namespace hg::feed
