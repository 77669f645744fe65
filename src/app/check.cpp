#include "app/check.h"

#include <fmt/format.h>

#include "app/bus.h"
#include "app/data.h"
#include "app/listeners.h"
#include "app/outside.h"

namespace hg::app {

namespace {

Result<void> check_secrets(const Config& config) {
  for (const Key& key : keys()) {
    const auto* member = std::get_if<std::string Config::*>(&key.member);
    if (!key.secret || member == nullptr) continue;
    if (const auto text = resolve_secret(config.*(*member), variable); !text)
      return fail(text.error().code, fmt::format("{}: {}", key.name, text.error().message));
  }
  return {};
}

Result<void> check_listeners(const Config& config) {
  HG_TRY(const auto listeners, listeners_of(config, false));
  const bool somewhere = !config.data.empty() || !config.tls_cert.empty() || !config.tls_key.empty();
  if (listeners.tls() && somewhere) HG_CHECK(load_certificate(config, DataFiles(config.data)));
  return {};
}

}  // namespace

Result<void> check(const Config& config) {
  HG_CHECK(check_listeners(config));
  HG_CHECK(proxies_of(config));
  HG_CHECK(external_issuers_of(config));
  HG_CHECK(check_secrets(config));
  if (!config.bus.empty()) HG_CHECK(nats_of(config));
  if (!config.sealing_key.empty()) HG_CHECK(read_sealing_key(config, DataFiles(config.data)));
  return {};
}

}  // namespace hg::app
