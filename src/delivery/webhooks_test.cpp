#include "delivery/webhooks.h"

#include "base/run_for_tests.h"
#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A store with webhooks of an app, and a world that answers their calls as it is told.
struct House {
  boost::asio::io_context loop;
  SetClock clock;
  store::TemporaryStore store;
  crypto::SealingKey key = crypto::SealingKey::generate();
  AppId app{crypto::random_guid()};
  std::vector<net::Ask> asked;
  std::function<net::Reached<net::Answer>(const net::Ask&)> answer = [](const net::Ask&) {
    return net::Answer{.status = 200};
  };
  Webhooks webhooks{loop.get_executor(), *store, key, hooks(), clock, {}};

  ~House() { store->stop(); }

  WebhookHooks hooks() {
    WebhookHooks hooks;
    hooks.send = [this](net::Ask ask) -> boost::asio::awaitable<net::Reached<net::Answer>> {
      asked.push_back(ask);
      co_return answer(ask);
    };
    hooks.unsid = [](const FeedKey&, const SubscriptionId& id) { return "unsid of " + id.str(); };
    hooks.host_name = [](const AppId&) { return std::string("app.example.com"); };
    return hooks;
  }
  Guid add(const std::string& url) {
    store::Webhook made{.id = crypto::random_guid(), .app = app, .url = url, .created_at = clock.now()};
    made.sealed = as_text(key.seal(made.id.view(), as_bytes("secret")));
    EXPECT_TRUE(store->transact_now([&](store::Connection& tx) { return store::webhooks::insert(tx, made); }));
    return made.id;
  }
  SubscriptionId end() {
    const SubscriptionId id{crypto::random_guid()};
    store->transact_now([&](store::Connection& tx) {
      store::webhooks::owe(tx, {.feed = {UserId{crypto::random_guid()}, app},
                                .subscription = id,
                                .reason = model::EndReason::unsubscribed,
                                .ended_at = clock.now(),
                                .made_at = clock.now()});
    });
    return id;
  }
  void step() { run(loop, webhooks.step(clock.now())); }
  // A step every ten seconds.
  void run_until(Time until) {
    for (; clock.now() < until; clock.advance(seconds(10))) step();
  }
  std::int64_t waiting() {
    return store->read_now([](store::Connection& tx) { return store::webhooks::waiting(tx); });
  }
  store::Webhook row(const Guid& id) {
    return store->read_now([&](store::Connection& tx) { return store::webhooks::find(tx, app, id).value(); });
  }
  std::string metrics() const {
    metrics::Page page;
    webhooks.measure(page);
    return page.text();
  }
};

std::string field_of(const net::Ask& ask, std::string_view name) {
  return std::string(ask.headers.find(name).value_or("(none)"));
}

TEST(Webhook, signs_as_the_example_of_standardwebhooks_com) {
  const auto secret = from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  EXPECT_EQ(webhook_signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Webhook, says_what_ended_and_why) {
  House house;
  house.add("https://a.example/ended");
  const auto id = house.end();

  house.step();

  ASSERT_EQ(house.asked.size(), 1U);
  const auto& ask = house.asked[0];
  EXPECT_EQ(ask.url, "https://a.example/ended");
  EXPECT_EQ(ask.body, R"({"type":"subscriptions.ended","timestamp":"2027-01-15T08:00:00.000Z","data":{"value":[{)"
                      R"("userNotificationSubscriptionId":"unsid of )" +
                          id.str() +
                          R"(","targetHostName":"app.example.com","reason":"unsubscribed",)"
                          R"("endedDateTime":"2027-01-15T08:00:00.000Z"}]}})");
  EXPECT_EQ(field_of(ask, "webhook-timestamp"), "1800000000");
  EXPECT_EQ(field_of(ask, "webhook-signature"),
            webhook_signature(as_bytes("secret"), field_of(ask, "webhook-id"), "1800000000", ask.body));
  EXPECT_EQ(house.waiting(), 0);
}

TEST(Webhook, is_told_again_under_the_same_id_until_it_takes_it) {
  House house;
  const auto id = house.add("https://a.example/");
  house.end();
  house.answer = [&](const net::Ask&) -> net::Reached<net::Answer> {
    if (house.asked.size() == 1) return net::Answer{.status = 500};
    if (house.asked.size() == 2) return net::Answer{.status = 302};
    if (house.asked.size() == 3) return std::unexpected(net::Unreached{.why = net::Unreached::Why::time});
    return net::Answer{.status = 204};
  };

  house.step();
  EXPECT_EQ(house.row(id).failure, "answered 500");
  EXPECT_EQ(house.row(id).failing_since, kStart);
  house.run_until(kStart + minutes(2));

  ASSERT_EQ(house.asked.size(), 4U);
  for (const auto& ask : house.asked) {
    EXPECT_EQ(field_of(ask, "webhook-id"), field_of(house.asked[0], "webhook-id"));
    EXPECT_EQ(ask.body, house.asked[0].body);
  }
  EXPECT_NE(field_of(house.asked[3], "webhook-timestamp"), field_of(house.asked[0], "webhook-timestamp"));
  EXPECT_EQ(house.row(id).failing_since, std::nullopt);
  EXPECT_TRUE(house.metrics().contains("heliograph_webhook_calls_total{outcome=\"failed\"} 3"));
  EXPECT_TRUE(house.metrics().contains("heliograph_webhook_ends_total{outcome=\"told\"} 1"));
}

TEST(Webhook, that_asks_for_time_gets_it) {
  House house;
  house.add("https://a.example/");
  house.end();
  house.answer = [&](const net::Ask&) -> net::Reached<net::Answer> {
    net::Answer answer{.status = house.asked.size() == 1 ? 429 : 200};
    answer.headers.add("Retry-After", "600");
    return answer;
  };

  house.run_until(kStart + minutes(10));
  EXPECT_EQ(house.asked.size(), 1U);
  house.run_until(kStart + minutes(11));
  EXPECT_EQ(house.asked.size(), 2U);
}

TEST(Webhook, that_is_dead_is_given_up_after_a_day_and_keeps_no_other_waiting) {
  House house;
  const auto dead = house.add("https://dead.example/");
  house.add("https://well.example/");
  house.end();
  house.answer = [](const net::Ask& ask) -> net::Reached<net::Answer> {
    if (ask.url.contains("dead")) return std::unexpected(net::Unreached{.why = net::Unreached::Why::connect});
    return net::Answer{.status = 200};
  };
  const auto told = [&](std::string_view host) {
    return std::ranges::count_if(house.asked, [&](const auto& ask) { return ask.url.contains(host); });
  };

  house.step();
  EXPECT_EQ(told("well"), 1);
  house.run_until(kStart + hours(12));
  EXPECT_GT(told("dead"), 100);
  EXPECT_LT(told("dead"), 400);  // every 150 s on average, once it has got there
  EXPECT_EQ(house.waiting(), 1);
  house.run_until(kStart + hours(25));

  EXPECT_EQ(house.waiting(), 0);
  EXPECT_EQ(told("well"), 1);
  EXPECT_EQ(house.row(dead).failure, "nobody listens there");
  EXPECT_TRUE(house.metrics().contains("heliograph_webhook_ends_total{outcome=\"lost\"} 1"));
}

TEST(Webhook, that_waits_for_its_next_try_is_told_all_at_once) {
  House house;
  house.add("https://a.example/");
  house.end();
  house.answer = [&](const net::Ask&) { return net::Answer{.status = house.asked.size() == 1 ? 503 : 200}; };
  house.step();
  for (int i = 0; i < 5; ++i) house.end();

  house.run_until(kStart + minutes(1));

  ASSERT_EQ(house.asked.size(), 3U);  // the first one again, then the rest
  EXPECT_EQ(field_of(house.asked[1], "webhook-id"), field_of(house.asked[0], "webhook-id"));
  EXPECT_NE(field_of(house.asked[2], "webhook-id"), field_of(house.asked[0], "webhook-id"));
  EXPECT_EQ(parse_json(house.asked[2].body)->at("data").at("value").as_array().size(), 5U);
}

}  // namespace
}  // namespace hg::delivery
