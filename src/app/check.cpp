#include "app/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/bus.h"
#include "app/data.h"
#include "app/listeners.h"
#include "app/outside.h"
#include "net/reach.h"

namespace hg::app {

namespace {

// An address to be asked or shown, of one of two schemes.
Result<void> check_address(std::string_view key, const std::string& text, std::string_view one,
                           std::string_view other) {
  const auto url = net::parse_url(text);
  if (url && (url->scheme == one || url->scheme == other) && !url->credentials) return {};
  return fail(Code::property_invalid,
              fmt::format("{} is \"{}\"; it is {}://HOST[:PORT] or {}://HOST[:PORT]", key, text, one, other));
}

Result<void> check_addresses(const Config& config) {
  for (const auto& [key, text] : {std::pair("public_url", &config.public_url),
                                  {"push.apns", &config.push_apns},
                                  {"push.apns_sandbox", &config.push_apns_sandbox},
                                  {"push.fcm", &config.push_fcm},
                                  {"push.wns_store_token", &config.push_wns_store_token},
                                  {"push.wns_entra", &config.push_wns_entra}})
    if (!text->empty()) HG_CHECK(check_address(key, *text, "https", "http"));
  if (!config.mail_relay.empty()) HG_CHECK(check_address("mail.relay", config.mail_relay, "smtp", "smtps"));
  return {};
}

// As browsers write it, for it is compared with what they send.
Result<void> check_origins(const Config& config) {
  for (const std::string& origin : config.cors_origins)
    if (const auto url = net::parse_url(origin); !url || url->origin != origin)
      return fail(
          Code::property_invalid,
          fmt::format("cors_origins names \"{}\"; an origin is https://HOST or https://HOST:PORT, in lower case "
                      "and without a path",
                      origin));
  return {};
}

Result<void> check_secrets(const Config& config) {
  for (const Key& key : keys()) {
    const auto* member = std::get_if<std::string Config::*>(&key.member);
    if (!key.secret || member == nullptr) continue;
    if (const auto text = resolve_secret(config.*(*member), variable); !text)
      return fail(text.error().code, fmt::format("{}: {}", key.name, text.error().message));
  }
  return {};
}

// Whoever names only limits.connections gets as many of the usual number as fit.
Result<void> check_limits(const Config& config) {
  const std::int64_t most = config.connections - config.connections / 8;
  if (config.live_connections <= most || config.live_connections == Config{}.live_connections) return {};
  return fail(Code::property_invalid,
              fmt::format("limits.live_connections is {}; it is at most {}, seven eighths of limits.connections ({})",
                          config.live_connections, most, config.connections));
}

Result<void> check_listeners(const Config& config) {
  HG_TRY(const auto listeners, listeners_of(config, false));
  const bool somewhere = !config.data.empty() || !config.tls_cert.empty() || !config.tls_key.empty();
  if (listeners.tls() && somewhere) HG_CHECK(load_certificate(config, DataFiles(config.data)));
  return {};
}

}  // namespace

Result<void> check(const Config& config) {
  HG_CHECK(check_addresses(config));
  HG_CHECK(check_origins(config));
  HG_CHECK(check_limits(config));
  HG_CHECK(check_listeners(config));
  HG_CHECK(proxies_of(config));
  HG_CHECK(external_issuers_of(config));
  HG_CHECK(check_secrets(config));
  if (!config.bus.empty()) HG_CHECK(nats_of(config));
  if (!config.sealing_key.empty()) HG_CHECK(read_sealing_key(config, DataFiles(config.data)));
  return {};
}

}  // namespace hg::app
