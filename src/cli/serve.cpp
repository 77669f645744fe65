// heliograph serve: the server, until it is told to stop.
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>

#include "app/check.h"
#include "app/server.h"
#include "base/log.h"
#include "cli/command.h"

namespace hg::cli {

namespace {

struct Options {
  std::string config, data, store, listen, tls_listen, admin_listen, public_url, tls_cert, tls_key;
  bool behind_tls_proxy = false;
  bool check_config = false;
};

Result<app::Config> effective(const Options& options) {
  HG_TRY(auto config, configuration(options.config, options.data));
  HG_CHECK(name_store(config, options.store));
  if (!options.listen.empty()) config.listen = options.listen == "none" ? "" : options.listen;
  if (!options.tls_listen.empty()) config.tls_listen = options.tls_listen;
  if (!options.admin_listen.empty()) config.admin_listen = options.admin_listen;
  if (!options.public_url.empty()) config.public_url = options.public_url;
  if (!options.tls_cert.empty()) config.tls_cert = options.tls_cert;
  if (!options.tls_key.empty()) config.tls_key = options.tls_key;
  if (options.behind_tls_proxy) config.behind_tls_proxy = true;
  return config;
}

log::Level level_of(const std::string& text) {
  if (text == "debug") return log::Level::debug;
  if (text == "warn") return log::Level::warn;
  if (text == "error") return log::Level::error;
  return log::Level::info;
}

log::Format format_of(const std::string& text) {
  if (text == "json") return log::Format::json;
  return text == "text" ? log::Format::text : log::Format::automatic;
}

// As many live connections as the system lets us have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Blocked in every thread, so that this one can wait for them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// SIGHUP: the log's level and the limits of calls, as the configuration says them now, and the certificate.
void reload(const Options& options, app::Server& server) {
  const auto config = effective(options);
  if (config) {
    log::set_level(level_of(config->log_level));
    // Said at any level.
    log::write(log::Level::info, "server", fmt::format("log level: {}", config->log_level));
  } else {
    log::error("server", "the configuration stays as it was: {}", config.error().message);
  }
  server.reload(config ? &*config : nullptr);
}

void wait_for_the_end(const sigset_t& signals, const Options& options, app::Server& server) {
  for (int signal = 0; ::sigwait(&signals, &signal) == 0;) {
    if (signal != SIGHUP) return;
    reload(options, server);
  }
}

int serve(const Options& options) {
  const auto config = effective(options);
  if (!config) return report(config.error());
  if (const auto sound = app::check(*config); !sound) return report(sound.error());
  if (options.check_config) {
    fmt::print("{}", app::describe(*config));
    return kDone;
  }
  if (config->data.empty()) {
    fmt::print(stderr, "heliograph serve: name the data directory: --data DIR; see heliograph serve --help\n");
    return kUsage;
  }
  const sigset_t signals = block_signals();
  raise_descriptor_limit();
  log::open(level_of(config->log_level), format_of(config->log_format));
  auto server = app::Server::open(*config);
  if (!server) return report(server.error());
  const auto addresses = (*server)->listen();
  if (!addresses) return report(addresses.error());
  for (const std::string& address : *addresses) log::info("server", "listening on {}", address);
  if (config->behind_tls_proxy && config->public_url.empty())
    log::warn("server", "behind a proxy without public_url: hosts but the listener's own get 421, and links name it");
  if (config->behind_tls_proxy && config->trusted_proxies.empty())
    log::warn("server", "behind a proxy without trusted_proxies: addresses of callers are not known, nor limited");
  wait_for_the_end(signals, options, **server);
  log::info("server", "draining");
  const bool all = (*server)->drain();
  server->reset();
  log::info("server", "stopped{}", all ? "" : "; some requests were cut");
  return kDone;
}

}  // namespace

void add_serve(Command program) {
  auto options = std::make_shared<Options>();
  const Command command = program.command("serve", "run the server");
  command.option("--config", options->config, "TOML file");
  command.option("--data", options->data, "the data directory, made by heliograph init");
  command.option("--store", options->store, kStoreHelp);
  command.option("--listen", options->listen, "ADDR:PORT for plain HTTP (default 127.0.0.1:8080); none for nowhere");
  command.option("--tls-listen", options->tls_listen, "ADDR:PORT for HTTPS");
  command.option("--admin-listen", options->admin_listen,
                 "ADDR:PORT for the admin API and /metrics, apart from everything else");
  command.option("--public-url", options->public_url, "the address clients use, when it is not the one listened on");
  command.option("--tls-cert", options->tls_cert, "certificate chain, PEM (default DIR/tls/cert.pem)");
  command.option("--tls-key", options->tls_key, "its private key, PEM (default DIR/tls/key.pem)");
  command.flag("--behind-tls-proxy", options->behind_tls_proxy, "a proxy in front speaks TLS");
  command.flag("--check-config", options->check_config,
               "check the configuration as serve does, print it, secrets redacted, and end");
  command.runs([options] { return serve(*options); });
}

}  // namespace hg::cli
