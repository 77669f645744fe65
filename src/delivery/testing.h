// For tests: a store with a user's endpoints, a clock set by hand, and a Sender that answers as it is told and writes
// down what it was given.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/spawn.h"
#include "crypto/hash.h"
#include "delivery/worker.h"
#include "store/outcomes.h"
#include "store/testing.h"

namespace hg::delivery {

inline constexpr Time kStart = from_ms(1'800'000'000'000);

class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  void set(Time now) { now_ = now; }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_ = kStart;
};

// What a Sender was given.
struct Given {
  model::Channel channel;
  push::Message message;
};

class ScriptedSender final : public push::Sender {
 public:
  [[nodiscard]] Result<void> check(const model::Channel&) const override { return {}; }
  boost::asio::awaitable<push::Verdict> send(model::Channel channel, push::Message message) override {
    given.push_back({channel, message});
    if (before) co_await before(given.back());
    if (verdicts.empty()) co_return push::Verdict{.outcome = push::Verdict::Outcome::delivered, .id = "accepted"};
    auto verdict = verdicts.front();
    verdicts.pop_front();
    co_return verdict;
  }

  std::vector<Given> given;
  std::deque<push::Verdict> verdicts;  // then all is delivered
  std::function<boost::asio::awaitable<void>(const Given&)> before;
};

inline push::Verdict verdict(push::Verdict::Outcome outcome, std::string reason = "") {
  return {.outcome = outcome, .reason = std::move(reason)};
}

struct Setting {
  boost::asio::io_context loop;
  SetClock clock;
  store::TemporaryStore store;
  FeedKey feed{UserId{crypto::random_guid()}, AppId{crypto::random_guid()}};
  std::map<model::ChannelKind, std::shared_ptr<ScriptedSender>> senders;
  std::vector<model::ChangeRequest> asked;
  std::function<Result<model::Changed>()> answer = [] { return model::Changed{}; };
  std::vector<bus::Message> published;
  std::optional<Time> next_look;  // what the last step said
  bool live = false, live_elsewhere = false;
  int asked_elsewhere = 0;
  double random = 0.5;
  std::string mail = "alice@example.com";
  Worker worker{loop.get_executor(), *store, hooks(), clock, {}};

  ~Setting() { store->stop(); }

  Hooks hooks() {
    for (const auto kind : {model::ChannelKind::wns, model::ChannelKind::fcm, model::ChannelKind::apns,
                            model::ChannelKind::webpush, model::ChannelKind::email})
      senders[kind] = std::make_shared<ScriptedSender>();
    Hooks hooks;
    hooks.apply = [this](model::ChangeRequest request) -> boost::asio::awaitable<Result<model::Changed>> {
      asked.push_back(std::move(request));
      co_return answer();
    };
    hooks.sender = [this](const model::Subscription& s, std::int64_t) -> boost::asio::awaitable<Found> {
      co_return Found{.sender = senders[s.channel.kind]};
    };
    hooks.mailer = [this] { return senders[model::ChannelKind::email]; };
    hooks.address = [this](UserId) -> boost::asio::awaitable<std::string> { co_return mail; };
    hooks.opened = [](store::SubscriptionRow row) {
      row.subscription.channel.address = row.sealed_channel;
      return std::move(row.subscription);
    };
    hooks.sealed = [](const model::Subscription& s) { return s.channel.environment + ' ' + s.channel.address; };
    hooks.live = [this](const FeedKey&) { return live; };
    hooks.live_elsewhere = [this](FeedKey) -> boost::asio::awaitable<bool> {
      ++asked_elsewhere;
      co_return live_elsewhere;
    };
    hooks.publish = [this](std::vector<bus::Message> messages) {
      for (auto& message : messages) published.push_back(std::move(message));
    };
    hooks.random = [this] { return random; };
    hooks.words = {.etag = [](const FeedKey&, std::int64_t version) { return "etag-" + std::to_string(version); },
                   .ticket = [](const FeedKey&, const SubscriptionId&,
                                const model::Notification& n) { return "ticket of " + n.content.app_notification_id; },
                   .host_name = [](const AppId&) { return std::string("app.example.com"); }};
    return hooks;
  }

  ScriptedSender& sender(model::ChannelKind kind) { return *senders.at(kind); }

  template <class F>
  auto write(F work) {
    return store->transact_now(work);
  }

  SubscriptionId subscribe(model::ChannelKind kind, std::string device) {
    store::SubscriptionRow row;
    auto& s = row.subscription;
    s.id = SubscriptionId{crypto::random_guid()};
    s.feed = feed;
    s.device_id = s.device_name = std::move(device);
    s.channel.kind = kind;
    constexpr model::Platform platforms[] = {model::Platform::none, model::Platform::windows, model::Platform::android,
                                             model::Platform::ios, model::Platform::webpush};
    s.counts_as = platforms[static_cast<std::size_t>(kind)];
    s.created_at = s.renewed_at = kStart;
    s.life = std::chrono::days(30);
    s.expires_at = kStart + s.life;
    if (kind != model::ChannelKind::live) {
      row.sealed_channel = "token of " + s.device_id;
      row.channel_hash = as_text(crypto::sha256(row.sealed_channel));
    }
    write([&](store::Connection& tx) {
      if (!row.channel_hash.empty()) store::channels::claim(tx, row.channel_hash, feed, s.id);
      store::subscriptions::insert(tx, row);
    });
    return s.id;
  }

  // A change of the feed as the writer makes it: the next version, its row in the outbox.
  std::int64_t next(store::Connection& tx, model::ChangeKind kind, bool alerts, const SubscriptionId& maker = {}) {
    auto row = store::feeds::lock(tx, feed);
    ++row.version;
    row.next_expiry = {};  // counted anew whenever it is looked at
    if (alerts) {
      row.previous_alert_version = row.last_alert_version;
      row.last_alert_version = row.version;
    }
    store::feeds::save(tx, feed, row);
    store::outbox::add(tx, feed, {.version = row.version, .kind = kind, .maker = maker, .at = clock.now()});
    return row.version;
  }

  NotificationId post(std::string name, std::function<void(model::Notification&)> with = {}) {
    return write([&](store::Connection& tx) {
      model::Notification n;
      n.id = NotificationId{crypto::random_guid()};
      n.content.app_notification_id = name;
      n.content.title = "Hello " + name;
      n.content.expires_at = n.keep_until = clock.now() + std::chrono::hours(2);
      n.created_at = n.alerted_at = clock.now();
      n.version = n.alert_version = next(tx, model::ChangeKind::posted, true);
      if (with) with(n);
      store::feeds::insert(tx, feed, n);
      return n.id;
    });
  }
  void change(const NotificationId& id, const std::function<void(model::Notification&)>& edit,
              const SubscriptionId& maker = {}) {
    write([&](store::Connection& tx) {
      auto n = store::feeds::notification(tx, feed, id).value();
      edit(n);
      n.version = next(tx, model::ChangeKind::state, false, maker);
      store::feeds::update(tx, feed, n);
    });
  }
  void dismiss(const NotificationId& id, const SubscriptionId& maker = {}) {
    change(
        id,
        [&](model::Notification& n) {
          n.action_state = model::ActionState::dismissed;
          n.handled_by = model::HandledBy{"Windows", "desk", clock.now()};
        },
        maker);
  }

  // Until nothing is left to do.
  void drain() {
    loop.restart();
    loop.run();
  }
  Time step() {
    begin_step();
    drain();
    return *next_look;
  }
  void begin_step() { begin_step(worker); }
  void begin_step(Worker& of) { spawn(loop.get_executor(), into(next_look, of.step(clock.now()))); }
  // Steps at the times that something is due, up to `until`.
  void run_until(Time until) {
    for (Time look = step(); clock.now() < until; look = step())
      clock.set(std::min(until, std::max(look, clock.now() + Duration(1))));
  }

  std::vector<store::Job> jobs() { return jobs(feed); }
  std::vector<store::Job> jobs(const FeedKey& of) {
    return store->read_now([&](store::Connection& tx) { return store::jobs::due(tx, of, from_ms(1LL << 60), 1000); });
  }
  bool outbox() {
    return store->read_now([](store::Connection& tx) { return store::outbox::any(tx); });
  }
  model::Report report(const NotificationId& id) {
    return store->read_now(
        [&](store::Connection& tx) { return store::outcomes::find(tx, feed, id).value_or(model::Report{}); });
  }
  // "accepted", "failed/Unregistered", …: what became of it at an endpoint.
  std::string outcome(const NotificationId& id, const SubscriptionId& endpoint) {
    auto all = report(id);
    const auto* line = endpoint.zero() ? all.find(endpoint, model::ChannelKind::email) : all.find(endpoint);
    if (line == nullptr) return "";
    return std::string(model::name(line->outcome)) + (line->reason.empty() ? "" : "/") + line->reason;
  }
};

}  // namespace hg::delivery
