// Everything that leaves for push platforms and mail: the worker, and what it asks of the rest of the server.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "app/config.h"
#include "bus/bus.h"
#include "bus/presence.h"
#include "crypto/seal.h"
#include "delivery/probe.h"
#include "delivery/senders.h"
#include "delivery/webhooks.h"
#include "delivery/worker.h"
#include "feed/signal.h"
#include "feed/subscribe.h"
#include "feed/tokens.h"
#include "feed/writer.h"
#include "push/workshop.h"
#include "store/database.h"

namespace hg::app {

class Deliveries {
 public:
  // What the rest of the server is to it.
  struct House {
    store::Database& database;
    bus::Bus& bus;
    feed::Writer& writer;
    feed::Subscriptions& subscriptions;
    const feed::Tokens& tokens;
    const bus::Presence& presence;
    std::function<boost::asio::awaitable<bool>(FeedKey)> live_elsewhere;  // empty: this is the only node
    feed::HostName host_name;
    const crypto::SealingKey& key;
    const Clock& clock;
  };

  Deliveries(boost::asio::any_io_executor loop, House house, const Config& config);
  ~Deliveries();

  // Ends after stop(), when what was on its way is settled or has taken too long. On its loop.
  boost::asio::awaitable<void> run();
  // On its loop.
  void stop();
  void hint(Time due) { worker_.hint(due); }
  // What the platform's sender thinks of a channel; where the app has no credentials for it nobody knows.
  boost::asio::awaitable<Result<void>> check(model::Subscription subscription);
  boost::asio::awaitable<void> quiet(FeedKey feed, SubscriptionId endpoint) { return worker_.quiet(feed, endpoint); }
  // The directory was changed, here or elsewhere: where an app's credentials were, what waited for them goes. On its
  // loop; throws nothing.
  boost::asio::awaitable<void> look_at_credentials();
  // Whether the platform takes it, asked anew.
  boost::asio::awaitable<delivery::Probed> probe(store::Credential credential, store::CrossDeviceApp app);
  // Whatever is sent to a webhook.
  boost::asio::awaitable<net::Reached<net::Answer>> ask_webhook(net::Ask ask) { return outside_.send(std::move(ask)); }

  // From any thread.
  void measure(metrics::Page& page) const;

 private:
  [[nodiscard]] delivery::Hooks hooks();
  [[nodiscard]] delivery::WebhookHooks webhook_hooks();
  [[nodiscard]] std::shared_ptr<push::Sender> make_mailer(const Config& config);

  bool stopped_ = false;
  boost::asio::any_io_executor loop_;
  House house_;
  const push::Addresses addresses_;
  push::Workshop workshop_;
  std::vector<push::Workshop*> probing_;
  std::shared_ptr<push::Sender> mailer_;  // null: none is configured
  delivery::Senders senders_;
  delivery::Worker worker_;
  net::Client outside_;  // for webhooks: what hangs there takes no connection from the platforms
  delivery::Webhooks webhooks_;
};

// Where the platforms are, and the relay of fallback mails, as the configuration says. Code::not_found where the
// relay's password cannot be read.
push::Addresses addresses_of(const Config& config);
Result<push::MailRelay> mail_relay_of(const Config& config);

}  // namespace hg::app
