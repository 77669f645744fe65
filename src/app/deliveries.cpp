#include "app/deliveries.h"

#include <random>

#include "base/log.h"
#include "base/spawn.h"
#include "identity/registry.h"
#include "store/directory.h"
#include "store/users.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {

net::ClientOptions outside_of(const Config& config) {
  net::ClientOptions options;
  options.reach = config.push_loopback ? net::Reach::loopback : net::Reach::internet;
  options.authorities = config.push_authorities;
  return options;
}

delivery::Worker::Options options_of(const Config& config) {
  delivery::Worker::Options options;
  options.bounds.silent_an_hour = static_cast<std::size_t>(config.push_silent_an_hour);
  return options;
}

std::function<double()> jitter() {
  return [engine = std::minstd_rand(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace

push::Addresses addresses_of(const Config& config) {
  return {.apns = config.push_apns,
          .apns_sandbox = config.push_apns_sandbox,
          .fcm = config.push_fcm,
          .wns_store_token = config.push_wns_store_token,
          .wns_entra = config.push_wns_entra,
          .loopback = config.push_loopback,
          .webpush_hosts = config.push_webpush_hosts,
          .authorities = config.push_authorities};
}

Result<push::MailRelay> mail_relay_of(const Config& config) {
  HG_TRY(auto password, resolve_secret(config.mail_password, variable));
  // An editor's last line end is no part of it.
  while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
  return push::MailRelay{.url = config.mail_relay,
                         .user = config.mail_user,
                         .password = std::move(password),
                         .from_address = config.mail_from_address,
                         .from_name = config.mail_from_name};
}

Deliveries::Deliveries(asio::any_io_executor loop, House house, const Config& config)
    : loop_(std::move(loop)),
      house_(std::move(house)),
      addresses_(addresses_of(config)),
      workshop_(loop_, house_.clock, addresses_),
      mailer_(make_mailer(config)),
      senders_(house_.database, house_.key.subkey(identity::kPushCredentials), house_.key.subkey("vapid keys"),
               [this](const push::Credentials& credentials) { return push::make_sender(workshop_, credentials); }),
      worker_(loop_, house_.database, hooks(), house_.clock, options_of(config)),
      outside_(loop_, outside_of(config)),
      webhooks_(loop_, house_.database, house_.key.subkey(identity::kWebhookSecrets), webhook_hooks(), house_.clock,
                {}) {}

Deliveries::~Deliveries() = default;

asio::awaitable<Result<void>> Deliveries::check(model::Subscription s) {
  const auto directory =
      co_await house_.database.read([](store::Connection& tx) { return store::directory_version(tx); });
  const auto found = co_await senders_.of(s, directory);
  co_return found.sender ? found.sender->check(s.channel) : Result<void>{};
}

asio::awaitable<void> Deliveries::look_at_credentials() {
  try {
    for (const auto& app : co_await senders_.changed()) co_await worker_.wake(app);
  } catch (const std::exception& fault) {
    if (!stopped_) log::error("delivery", "what waits for credentials waits on: {}", fault.what());
  }
}

asio::awaitable<void> Deliveries::run() {
  spawn(loop_, webhooks_.run());
  co_await worker_.run();
  workshop_.stop();
  outside_.stop();
  for (auto* fresh : probing_) fresh->stop();
}

void Deliveries::stop() {
  stopped_ = true;
  worker_.stop();
  webhooks_.stop();
}

void Deliveries::measure(metrics::Page& page) const {
  worker_.tally().measure(page);
  webhooks_.measure(page);
}

asio::awaitable<delivery::Probed> Deliveries::probe(store::Credential credential, store::CrossDeviceApp app) {
  push::Workshop fresh(loop_, house_.clock, addresses_);
  auto gone = [this](push::Workshop* done) { std::erase(probing_, done); };
  const std::unique_ptr<push::Workshop, decltype(gone)> listed(&fresh, gone);
  probing_.push_back(&fresh);
  co_return co_await delivery::probe(fresh, std::move(credential), std::move(app),
                                     house_.key.subkey(identity::kPushCredentials));
}

std::shared_ptr<push::Sender> Deliveries::make_mailer(const Config& config) {
  if (config.mail_relay.empty()) return nullptr;
  const auto relay = mail_relay_of(config);
  if (!relay) {
    log::error("delivery", "mail.password: {}; fallback mails fail", relay.error().message);
    return nullptr;
  }
  auto mailer = push::make_sender(workshop_, *relay);
  if (mailer) return *std::move(mailer);
  log::error("delivery", "mail.relay cannot be used: {}; fallback mails fail", mailer.error().message);
  return nullptr;
}

delivery::Hooks Deliveries::hooks() {
  delivery::Hooks hooks;
  hooks.apply = [this](model::ChangeRequest request) { return house_.writer.apply(std::move(request)); };
  hooks.sender = [this](const model::Subscription& s, std::int64_t directory) { return senders_.of(s, directory); };
  hooks.mailer = [this] { return mailer_; };
  hooks.address = [this](UserId user) -> asio::awaitable<std::string> {
    const auto found =
        co_await house_.database.read([&](store::Connection& tx) { return store::users::find(tx, user); });
    co_return found && !found->removed_at ? found->mail : "";
  };
  hooks.opened = [this](store::SubscriptionRow row) { return house_.subscriptions.opened(std::move(row)); };
  hooks.sealed = [this](const model::Subscription& s) { return house_.subscriptions.sealed_channel(s); };
  hooks.live = [this](const FeedKey& feed) { return house_.presence.of(feed) > 0; };
  hooks.live_elsewhere = house_.live_elsewhere;
  hooks.write_seen = [this] { return house_.subscriptions.flush_seen(); };
  hooks.publish = [this](std::vector<bus::Message> messages) { house_.bus.publish(std::move(messages)); };
  hooks.random = jitter();
  hooks.words = {
      .etag = [this](const FeedKey& feed, std::int64_t version) { return house_.tokens.etag(feed, version); },
      .ticket =
          [this](const FeedKey& feed, const SubscriptionId& subscription, const model::Notification& n) {
            return house_.tokens.notification_ticket({.feed = feed,
                                                      .subscription = subscription,
                                                      .notification = n.id,
                                                      .content_version = n.content_version,
                                                      .expires_at = n.content.expires_at});
          },
      .host_name = house_.host_name};
  return hooks;
}

delivery::WebhookHooks Deliveries::webhook_hooks() {
  delivery::WebhookHooks hooks;
  hooks.send = [this](net::Ask ask) { return outside_.send(std::move(ask)); };
  hooks.unsid = [this](const FeedKey& feed, const SubscriptionId& id) { return house_.tokens.unsid(feed, id); };
  hooks.host_name = house_.host_name;
  hooks.random = jitter();
  return hooks;
}

}  // namespace hg::app
