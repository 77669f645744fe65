// The configuration: one TOML file, every key overridable by HELIOGRAPH_… in the environment, the common ones by flags.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace hg::app {

struct Config {
  std::string data;
  std::string store;
  std::string listen = "127.0.0.1:8080";
  std::string tls_listen;
  std::string admin_listen;
  std::string public_url;
  std::string tls_cert;
  std::string tls_key;
  bool behind_tls_proxy = false;
  std::vector<std::string> trusted_proxies;
  std::string sealing_key;
  std::string bus;
  std::string bus_credentials;
  std::string bus_authorities;
  std::vector<std::string> cors_origins;
  std::int64_t threads = 0;
  std::string log_level = "info";
  std::string log_format = "auto";
  bool log_access = true;
  std::int64_t body_bytes = 64 * 1024;
  std::int64_t unpacked_bytes = 256 * 1024;
  std::int64_t requests = 512;
  std::int64_t json_depth = 32;
  std::int64_t connections = 16'384;
  std::int64_t live_connections = 14'336;
  std::int64_t connections_per_user = 20;
  std::int64_t drain_seconds = 8;
  std::int64_t application_calls = 0;
  std::int64_t user_calls = 0;
  std::int64_t address_calls = 1200;
  std::int64_t address_guesses = 20;
  std::int64_t rotate_keys_days = 90;
  std::vector<std::string> identity_issuers;
  std::string identity_authorities;
  std::string identity_host_file = "https://{host}/cross-platform-app-identifiers";
  std::string identity_name_server;
  std::string push_apns = "https://api.push.apple.com";
  std::string push_apns_sandbox = "https://api.sandbox.push.apple.com";
  std::string push_fcm = "https://fcm.googleapis.com";
  std::string push_wns_store_token = "https://login.live.com/accesstoken.srf";
  std::string push_wns_entra = "https://login.microsoftonline.com";
  bool push_loopback = false;
  std::vector<std::string> push_webpush_hosts;
  std::string push_authorities;
  std::int64_t push_silent_an_hour = 2;
  std::string mail_relay;
  std::string mail_user;
  std::string mail_password;
  std::string mail_from_address;
  std::string mail_from_name;
};

// One key of the file. Its environment variable is HELIOGRAPH_ and the name in capitals, dots as underscores.
struct Key {
  std::string_view name;
  std::variant<std::string Config::*, bool Config::*, std::int64_t Config::*, std::vector<std::string> Config::*>
      member;
  std::string_view sentence;
  bool secret = false;
  std::int64_t least = 0;
  std::int64_t most = 0;
};
std::span<const Key> keys();
std::string environment_name(const Key& key);

using Environment = std::function<std::optional<std::string>(const std::string&)>;
// The one of this process.
std::optional<std::string> variable(const std::string& name);
// All variables beginning with HELIOGRAPH_, so that a mistyped one is found.
std::vector<std::string> environment_names();

// Defaults, then the file (none: ""), then the environment. An unknown key or variable, a wrong type, an unreadable
// file or a value out of bounds is refused with a sentence that names the key and the nearest known one.
Result<Config> load(const std::string& file, const Environment& environment,
                    std::span<const std::string> environment_names);

// Sets one key from text, as a flag or the environment does. Lists are separated by commas.
Result<void> set(Config& config, const Key& key, std::string_view text);

// What `file:PATH` and `env:NAME` name, or the text itself.
Result<std::string> resolve_secret(const std::string& reference, const Environment& environment);

// The effective configuration as TOML, each key under its sentence, secrets redacted.
std::string describe(const Config& config);

}  // namespace hg::app
