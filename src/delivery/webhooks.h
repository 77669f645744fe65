// Tells app servers' webhooks of ended subscriptions, at least once: leases those that are due, calls each with all it
// is owed (at most store::webhooks::kAtOnce), settles. One call at a time a webhook, many webhooks side by side: a dead
// one keeps nobody. Looks at the store by itself once a second; nobody needs to wake it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "base/metrics.h"
#include "crypto/seal.h"
#include "delivery/webhook.h"
#include "store/database.h"

namespace hg::delivery {

// What it asks of others, on its loop.
struct WebhookHooks {
  Asking send;
  std::function<std::string(const FeedKey&, const SubscriptionId&)> unsid;
  std::function<std::string(const AppId&)> host_name;
  std::function<double()> random = [] { return 0.5; };  // in [0, 1)
};

class Webhooks {
 public:
  struct Options {
    Duration lease = std::chrono::seconds(60);  // longer than a call may take
    Duration look = std::chrono::seconds(1);
    std::size_t at_once = 64;  // webhooks being called
  };

  // `key`: that sealed the secrets.
  Webhooks(boost::asio::any_io_executor loop, store::Database& database, crypto::SealingKey key, WebhookHooks hooks,
           const Clock& clock, Options options);

  // Leases what is due at `now` and begins to call; answers when to look again.
  boost::asio::awaitable<Time> step(Time now);
  // The timer around step; ends after stop(). What is on its way then is told again after the next start.
  boost::asio::awaitable<void> run();
  // On its loop.
  void stop();

  // From any thread.
  void measure(metrics::Page& page) const;

 private:
  boost::asio::awaitable<void> call(store::WebhookCall owed);
  boost::asio::awaitable<Taken> tell(const store::WebhookCall& owed);
  boost::asio::awaitable<void> settle(const store::WebhookCall& owed, const Taken& taken);
  void say(const store::WebhookCall& owed, const Taken& taken, bool given_up) const;

  boost::asio::any_io_executor loop_;
  store::Database& database_;
  const crypto::SealingKey key_;
  WebhookHooks hooks_;
  const Clock& clock_;
  Options options_;
  boost::asio::steady_timer timer_;
  std::size_t calling_ = 0;
  bool stopped_ = false;
  metrics::Counter taken_, failed_, given_up_;  // calls
  metrics::Counter told_, lost_;                // ends
};

}  // namespace hg::delivery
