#include "app/server.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

#include "api/dispatch.h"
#include "api/live.h"
#include "app/bus.h"
#include "app/deliveries.h"
#include "app/inquiry.h"
#include "app/limits.h"
#include "app/listeners.h"
#include "app/outside.h"
#include "app/store.h"
#include "app/upkeep.h"
#include "app/watch.h"
#include "base/attempts.h"
#include "base/log.h"
#include "base/spawn.h"
#include "bus/presence.h"
#include "feed/hub.h"
#include "feed/reader.h"
#include "feed/subscribe.h"
#include "feed/tokens.h"
#include "feed/writer.h"
#include "identity/bearer.h"
#include "identity/issuer.h"
#include "identity/registry.h"
#include "net/server.h"
#include "store/database.h"
#include "store/jobs.h"
#include "store/settings.h"
#include "store/webhooks.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {

std::uint32_t epoch_of(store::Database& database) {
  const auto text = database.read_now([](store::Connection& tx) { return store::settings::find(tx, "epoch"); });
  return text ? static_cast<std::uint32_t>(std::stoul(*text)) : 1;
}

}  // namespace

struct Server::Parts {
  // What a loop has for itself; made before the threads start.
  struct Own {
    Own(net::Loop& loop, Parts& parts)
        : hub(loop.executor(), parts.reader, parts.subscriptions, parts.tokens, parts.bus, parts.presence,
              parts.host_name, parts.clock, feed::Hub::Options{}),
          bearer(parts.registry, parts.settings.origins),
          streams(loop, parts.bus),
          names(*parts.database) {}
    feed::Hub hub;
    identity::Bearer bearer;
    api::Streams streams;
    api::UserNames names;
  };

  Parts(Config the_config, DataLock the_lock, crypto::SealingKey the_key, std::unique_ptr<store::Database> the_database,
        std::unique_ptr<bus::Bus> the_bus, std::vector<identity::ExternalIssuer> others)
      : config(std::move(the_config)),
        files(config.data),
        lock(std::move(the_lock)),
        key(std::move(the_key)),
        database(std::move(the_database)),
        clock(database->clock()),
        bus_held(std::move(the_bus)),
        bus(*bus_held),
        registry(*database, key, clock),
        issuer(*database, registry, clock),
        tokens(key, epoch_of(*database)),
        presence(static_cast<std::size_t>(config.connections_per_user)),
        host_name([this](const AppId& app) {
          const auto directory = registry.directory();
          const auto* found = directory->cross_device_app(app);
          return found == nullptr ? std::string() : found->host_name;
        }),
        writer(*database, bus,
               {.host_name = host_name, .due = [this](Time due) { hint(due); }, .followed = followed()}),
        reader(*database, tokens, clock),
        subscriptions(*database, bus, tokens, key, clock),
        background(1),
        inquiry(background[0].executor(), bus),
        deliveries(background[0].executor(),
                   {.database = *database,
                    .bus = bus,
                    .writer = writer,
                    .subscriptions = subscriptions,
                    .tokens = tokens,
                    .presence = presence,
                    .live_elsewhere = live_elsewhere(),
                    .host_name = host_name,
                    .key = key,
                    .clock = clock},
                   config),
        outside(background[0].executor(), registry, key, clock, config, std::move(others)),
        upkeep(background[0].executor(), *database, bus, registry, clock, std::chrono::days(config.rotate_keys_days)),
        watch(background[0].executor(), *database, registry, clock) {
    registry.on_own_change([this] { bus.publish({bus::Stale{}}); });
    services.allowance = &allowance;
    limit_calls(config);
    if (outside.trusts_others())
      services.admit = [this](std::string token) -> asio::awaitable<Result<identity::Principal>> {
        co_return co_await on(background[0].executor(), outside.admit(std::move(token)));
      };
    services.measure = [this](metrics::Page& page) { measure(page); };
    services.probe = [this](store::Credential c, store::CrossDeviceApp app) -> asio::awaitable<delivery::Probed> {
      co_return co_await on(background[0].executor(), deliveries.probe(std::move(c), std::move(app)));
    };
    services.ask_webhook = [this](net::Ask ask) -> asio::awaitable<net::Reached<net::Answer>> {
      co_return co_await on(background[0].executor(), deliveries.ask_webhook(std::move(ask)));
    };
  }

  // Of other nodes' users nobody here knows.
  std::function<bool(const FeedKey&)> followed() {
    if (!config.bus.empty()) return {};
    return [this](const FeedKey& feed) { return presence.of(feed) > 0; };
  }

  std::function<asio::awaitable<bool>(FeedKey)> live_elsewhere() {
    if (config.bus.empty()) return {};
    return [this](FeedKey feed) { return inquiry.live(feed); };
  }

  void limit_calls(const Config& wanted) {
    allowance.set(
        {.application = wanted.application_calls, .user = wanted.user_calls, .address = wanted.address_calls});
  }

  void hint(Time due) {
    background[0].post([this, due] { deliveries.hint(due); });
  }

  // While the server listens.
  void measure(metrics::Page& page) const {
    page.gauge("heliograph_build_info", "The program that runs.", 1, {{"version", settings.version}});
    dispatch->measure(page);
    writer.measure(page);
    database->measure(page);
    watch.measure(page);
    deliveries.measure(page);
    if (server) {
      using enum net::Live::Kind;
      for (const auto& [kind, name] : {std::pair(websocket, "websocket"), std::pair(events, "events")})
        page.gauge("heliograph_live_connections", "Open live connections.",
                   static_cast<double>(server->live_connections(kind)), {{"kind", name}});
      page.gauge("heliograph_connections", "Open connections, the live ones among them.",
                 static_cast<double>(server->connections()));
    }
    std::uint64_t signals = 0, reads = 0;
    for (const auto& own : owned) {
      signals += own->hub.counts().signals.value();
      reads += own->hub.counts().reads.value();
    }
    page.counter("heliograph_live_signals_total", "Signals written to live connections.", signals);
    page.counter("heliograph_live_store_reads_total", "Reads for live connections that a message could not serve.",
                 reads);
    bus.measure(page);
  }

  // What each loop has for itself, and the way in.
  void furnish() {
    for (std::size_t i = 0; i < loops->size(); ++i) {
      owned.push_back(std::make_unique<Own>((*loops)[i], *this));
      services.loops.push_back({owned[i]->hub, owned[i]->bearer, owned[i]->streams, owned[i]->names});
    }
    dispatch = std::make_unique<api::Dispatch>(services);
  }

  void start_loops() {
    registry.on_change([this] {
      for (std::size_t i = 0; i < loops->size(); ++i) (*loops)[i].post([this, i] { owned[i]->streams.recheck(); });
      background[0].post([this] { look_at_credentials(); });
    });
    loops->start();
    background.start();
    started = true;
  }

  void look_at_credentials() {
    if (working_off && !stopping) spawn(background[0].executor(), deliveries.look_at_credentials());
  }

  // Work that nobody asked for: only where this process serves.
  void start_background() {
    for (std::size_t i = 0; i < loops->size(); ++i) spawn((*loops)[i].executor(), owned[i]->hub.run());
    // A file is this process's alone: whoever held a lease is no more.
    if (database->near())
      database->transact_now([](store::Connection& tx) {
        store::jobs::release_all(tx);
        store::webhooks::release_all(tx);
      });
    subscriptions.before_handover([this](FeedKey feed, SubscriptionId endpoint) -> asio::awaitable<void> {
      co_await on(background[0].executor(), deliveries.quiet(feed, endpoint));
    });
    services.check_channel = [this](model::Subscription s) -> asio::awaitable<Result<void>> {
      co_return co_await on(background[0].executor(), deliveries.check(std::move(s)));
    };
    services.prove_host = [this](identity::Actor actor, AppId app) -> asio::awaitable<Result<api::HostProof>> {
      co_return co_await on(background[0].executor(), outside.prove_host(std::move(actor), app));
    };
    spawn(background[0].executor(), outside.run());
    delivered = asio::co_spawn(background[0].executor(), deliveries.run(), asio::use_future);
    spawn(background[0].executor(), upkeep.run());
    spawn(background[0].executor(), watch.run());
    hear_of_changes();
    background[0].post([this] {
      working_off = true;
      look_at_credentials();
    });
    working = true;
  }

  // Other nodes change the directory too. What is not heard is seen by the watch.
  void hear_of_changes() {
    listening = bus.subscribe([this](std::function<void()> task) { background[0].post(std::move(task)); },
                              [this](const bus::Message& message) {
                                const auto* stale = std::get_if<bus::Stale>(&message);
                                if (stale == nullptr || stale->kind != bus::Stale::Kind::directory) return;
                                spawn(background[0].executor(), watch.look_at_directory());
                              });
  }

  void stop_background() {
    if (!working) return;
    std::promise<void> told;
    background[0].post([&] {
      stopping = true;
      listening.reset();
      inquiry.stop();
      deliveries.stop();
      outside.stop();
      upkeep.stop();
      watch.stop();
      told.set_value();
    });
    told.get_future().wait();
    delivered.wait();
  }

  Config config;
  DataFiles files;
  DataLock lock;
  crypto::SealingKey key;
  std::unique_ptr<store::Database> database;
  const Clock& clock;
  std::unique_ptr<bus::Bus> bus_held;
  bus::Bus& bus;
  identity::Registry registry;
  identity::Issuer issuer;
  feed::Tokens tokens;
  bus::Presence presence;
  feed::HostName host_name;
  feed::Writer writer;
  feed::Reader reader;
  feed::Subscriptions subscriptions;
  Attempts attempts;
  api::Allowance allowance;
  api::Settings settings;
  api::Services services{settings, clock,  *database, bus,           registry, issuer,
                         attempts, writer, reader,    subscriptions, tokens,   {}};

  net::Loops background;
  Inquiry inquiry;
  Deliveries deliveries;
  Outside outside;
  std::shared_ptr<bus::Listener> listening;  // to changes of the directory
  std::future<void> delivered;               // when the worker has ended
  Upkeep upkeep;
  Watch watch;
  bool stopping = false;     // on the background loop
  bool working_off = false;  // likewise: what is owed to endpoints
  bool started = false;      // the threads
  bool working = false;      // at what nobody asked for

  std::unique_ptr<net::Loops> loops;
  std::vector<std::unique_ptr<Own>> owned;
  std::unique_ptr<api::Dispatch> dispatch;
  std::unique_ptr<net::Server> server;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  Parts& parts = *parts_;
  parts.stop_background();
  // What waits for the database gets its result while its loop still runs.
  parts.database->stop();
  if (parts.started) {
    parts.background.stop();
    parts.background.join();
    parts.loops->stop();
    parts.loops->join();
  }
  parts.server.reset();
  parts.dispatch.reset();
  parts.services.loops.clear();
  parts.owned.clear();
  parts.loops.reset();
}

Result<std::unique_ptr<Server>> Server::open(Config config) {
  const DataFiles files(config.data);
  // A node of a cluster needs nothing in its directory but the sealing key, and not that where it is configured.
  if (on_server(config)) HG_CHECK(ensure_directory(files));
  if (!on_server(config)) HG_CHECK(check_deployment(files, Use::write));
  HG_TRY(auto proxies, proxies_of(config));
  HG_TRY(auto lock, DataLock::take(files));
  HG_TRY(auto key, read_sealing_key(config, files));
  HG_TRY(auto others, external_issuers_of(config));
  HG_TRY(auto database, open_store(config, files));
  if (!database->read_now([&](store::Connection& tx) { return identity::Registry::opens(tx, key); }))
    return fail(Code::property_invalid,
                "the sealing key does not open what is in the store: all nodes have the one that init made");
  const auto tenant = database->read_now([](store::Connection& tx) { return store::settings::find(tx, "tenant"); });
  HG_TRY(auto bus, make_bus(config, key, tenant.value_or("")));
  auto parts = std::make_unique<Parts>(std::move(config), std::move(lock), std::move(key), std::move(database),
                                       std::move(bus), std::move(others));
  parts->registry.load();
  parts->settings.version = HELIOGRAPH_VERSION;
  parts->settings.push = addresses_of(parts->config);
  parts->settings.public_url = parts->config.public_url;
  while (parts->settings.public_url.ends_with('/')) parts->settings.public_url.pop_back();
  parts->settings.alone = parts->config.bus.empty();
  parts->settings.cors_origins = parts->config.cors_origins;
  parts->settings.proxies = std::move(proxies);
  parts->settings.guesses_an_address = parts->config.address_guesses;
  parts->settings.access_log = parts->config.log_access;
  parts->settings.requests = static_cast<std::size_t>(parts->config.requests);
  parts->settings.unpacked_body = static_cast<std::size_t>(parts->config.unpacked_bytes);
  parts->settings.json.depth = static_cast<std::size_t>(parts->config.json_depth);
  parts->settings.cors_loopback = parts->registry.directory()->demo();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

net::Response Server::ask(net::Request request) {
  Parts& parts = *parts_;
  if (!parts.loops) {
    parts.settings.origins = {parts.settings.public_url.empty() ? "http://127.0.0.1:8080" : parts.settings.public_url};
    parts.loops = std::make_unique<net::Loops>(1);
    parts.furnish();
    parts.start_loops();
  }
  net::Loop& loop = (*parts.loops)[0];
  request.loop = &loop;
  auto answer = asio::co_spawn(
      loop.context(), [&]() -> asio::awaitable<net::Response> { co_return co_await (*parts.dispatch)(request); },
      asio::use_future);
  return answer.get();
}

Result<std::vector<std::string>> Server::listen() {
  Parts& parts = *parts_;
  const Config& config = parts.config;
  HG_TRY(auto wanted, listeners_of(config, parts.registry.directory()->demo()));
  std::shared_ptr<net::TlsContext> tls;
  if (wanted.tls()) {
    HG_TRY(tls, load_certificate(config, parts.files));
    parts.watch.certificate(tls);
  }

  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  // Ports are bound before anything is made of them: the addresses are part of every token and link.
  auto loops = std::make_unique<net::Loops>(config.threads > 0 ? static_cast<std::size_t>(config.threads) : cores);
  const net::ServerLimits limits = limits_of(config, loops->size());
  net::ServerCalls calls;
  calls.handle = [&parts](net::Request& request) { return (*parts.dispatch)(request); };
  calls.turn_away = [&parts](const net::Arrival& arrival) { return parts.dispatch->turn_away(arrival); };
  calls.on_fault = [&parts](const net::Request& request, std::exception_ptr thrown) {
    return parts.dispatch->fault(request, thrown);
  };
  calls.on_refusal = [&parts](int status, std::string_view reason, std::string_view target) {
    return parts.dispatch->refusal(status, reason, target);
  };
  parts.server = std::make_unique<net::Server>(*loops, limits, std::move(calls));
  std::vector<std::string> addresses;
  for (Endpoint& endpoint : wanted.endpoints) {
    const auto door = endpoint.operators ? api::Door::operators : api::Door::everybody;
    HG_TRY(endpoint.port, parts.server->listen({.address = endpoint.address,
                                                .port = endpoint.port,
                                                .tls = endpoint.tls ? tls : nullptr,
                                                .role = static_cast<std::uint8_t>(door)}));
    addresses.push_back(endpoint.url(endpoint.address) + (endpoint.operators ? " (admin API and metrics)" : ""));
    for (const std::string& origin : endpoint.origins()) parts.settings.origins.push_back(origin);
  }
  if (!parts.settings.public_url.empty()) parts.settings.origins.push_back(parts.settings.public_url);
  HG_CHECK(parts.server->listen_unix(parts.files.socket));
  parts.settings.origins.emplace_back("http://localhost");
  parts.settings.operators_apart = wanted.operators_apart;
  parts.loops = std::move(loops);
  parts.furnish();
  parts.start_background();
  parts.start_loops();
  return addresses;
}

bool Server::drain() {
  Parts& parts = *parts_;
  for (std::size_t i = 0; i < parts.loops->size(); ++i)
    parts.loops->operator[](i).post([&parts, i] { parts.owned[i]->hub.drain(); });
  parts.server->drain(std::chrono::seconds(parts.config.drain_seconds));
  return parts.server->connections() == 0;
}

std::string Server::tenant() const { return parts_->registry.directory()->tenant().str(); }

void Server::reload(const Config* config) {
  if (config != nullptr) parts_->limit_calls(*config);
  parts_->background[0].post([this] { parts_->watch.reread(); });
}

}  // namespace hg::app
