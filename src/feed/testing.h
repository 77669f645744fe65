// For tests: feeds over a real store, a clock that is set by hand, and a loop that runs until nothing is left to do.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "base/spawn.h"
#include "bus/local.h"
#include "bus/presence.h"
#include "crypto/hash.h"
#include "feed/apply.h"
#include "feed/hub.h"
#include "feed/reader.h"
#include "feed/subscribe.h"
#include "feed/tokens.h"
#include "feed/writer.h"
#include "store/feeds.h"
#include "store/testing.h"

namespace hg::feed {

class SetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return from_ms(ms_.load()); }
  void advance(Duration by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_ = 1'800'000'000'000;
};

inline model::Content content(std::string name, Time expires_at) {
  model::Content c;
  c.app_notification_id = std::move(name);
  c.title = "Hello";
  c.body = "World";
  c.expires_at = expires_at;
  return c;
}

// To every feed there is.
inline std::shared_ptr<bus::Listener> listen_to_all(bus::Bus& bus, boost::asio::io_context& loop,
                                                    bus::Bus::Handler handler) {
  auto listener = bus.subscribe([&loop](std::function<void()> task) { boost::asio::post(loop, std::move(task)); },
                                std::move(handler));
  for (int group = 0; group < bus::kGroups; ++group) {
    FeedKey feed;
    feed.user.guid.bytes[0] = static_cast<std::byte>(group);
    listener->follow(feed);
  }
  return listener;
}

// A user's feed in a running house.
struct World {
  explicit World(const store::Engine& engine = store::chosen_engine(), int writers = 1) : store(engine, writers) {}

  boost::asio::io_context loop;
  SetClock clock;
  store::TemporaryStore store;
  crypto::SealingKey key = crypto::SealingKey::generate();
  Tokens tokens{key, 7};
  bus::Local bus;
  bus::Presence presence{20};
  HostName host_name = [](const AppId&) { return std::string("app.example.com"); };
  Writer writer{*store, bus, {.host_name = host_name}};
  Reader reader{*store, tokens, clock};
  Subscriptions subscriptions{*store, bus, tokens, key, clock};
  FeedKey feed{UserId{crypto::random_guid()}, AppId{crypto::random_guid()}};
  ApplicationId application{crypto::random_guid()};
  CapOrders orders;  // of apply()

  ~World() {
    store->stop();
    loop.restart();
    loop.run();
  }

  // The loop until nothing is left to do, what the writing thread tells after its answers too.
  void settle() {
    do {
      loop.restart();
      loop.run();
      quiesce();
      loop.restart();
    } while (loop.poll() > 0);
  }

  template <class T>
  T run(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    run(into(result, std::move(work)));
    return *std::move(result);
  }
  void run(boost::asio::awaitable<void> work) {
    std::exception_ptr fault;
    spawn(loop.get_executor(), std::move(work), [&](std::exception_ptr thrown) { fault = std::move(thrown); });
    settle();
    if (fault) std::rethrow_exception(fault);
  }

  [[nodiscard]] model::ChangeRequest request(decltype(model::ChangeRequest::what) what) const {
    model::ChangeRequest request;
    request.feed = feed;
    request.what = std::move(what);
    request.application = application;
    request.now = clock.now();
    return request;
  }
  [[nodiscard]] model::ChangeRequest post(std::string name, Duration life = std::chrono::hours(24)) const {
    model::PostRequest post;
    post.id = tokens.notification_id(feed, name);
    post.content = content(std::move(name), clock.now() + life);
    post.fingerprint = std::string(32, 'f');
    return request(std::move(post));
  }
  [[nodiscard]] model::ChangeRequest mark(std::string_view name, std::optional<model::ReadState> read_state,
                                          std::optional<model::ActionState> action_state,
                                          std::optional<Time> snooze_until = {}) const {
    const model::StatePatch patch{read_state, action_state, snooze_until, {}};
    return request(model::StateRequest{id(name), patch, {"Live", "a device", clock.now()}});
  }
  [[nodiscard]] model::ChangeRequest dismiss(std::string_view name) const {
    return mark(name, {}, model::ActionState::dismissed);
  }
  [[nodiscard]] model::ChangeRequest read(std::string_view name) const {
    return mark(name, model::ReadState::read, {});
  }
  [[nodiscard]] model::ChangeRequest snooze(std::string_view name, Duration length) const {
    return mark(name, {}, model::ActionState::snoozed, clock.now() + length);
  }
  [[nodiscard]] model::ChangeRequest remove(std::string_view name) const {
    return request(model::DeleteRequest{id(name)});
  }
  [[nodiscard]] NotificationId id(std::string_view name) const { return tokens.notification_id(feed, name); }

  // "n7" to "n9" for 7 and 10, each a little later than the one before: else chance decides which is the oldest.
  std::vector<model::ChangeRequest> posts(int from, int to) {
    std::vector<model::ChangeRequest> all;
    for (int i = from; i < to; ++i) {
      clock.advance(Duration(1));
      all.push_back(post("n" + std::to_string(i)));
    }
    return all;
  }

  // One transaction, as the writing thread does it.
  Applied apply(const std::vector<model::ChangeRequest>& requests) { return apply(requests, orders); }
  Applied apply(const std::vector<model::ChangeRequest>& requests, CapOrders& known) {
    auto applied = store->transact_now([&](store::Connection& tx) { return feed::apply(tx, requests, known); });
    for (auto& advance : applied.advances)
      if (advance.order) known.keep(advance.feed, advance.to, *std::move(advance.order));
    return applied;
  }
  Result<model::Changed> change(model::ChangeRequest request) { return run(writer.apply(std::move(request))); }

  [[nodiscard]] model::Subscription endpoint(std::string device, model::ChannelKind kind = model::ChannelKind::live,
                                             std::string address = "") const {
    model::Subscription s;
    s.feed = feed;
    s.application = application;
    s.device_id = std::move(device);
    s.channel.kind = kind;
    s.channel.address = std::move(address);
    return s;
  }

  void quiesce() {
    store->transact_now([](store::Connection&) {});
  }
};

}  // namespace hg::feed
