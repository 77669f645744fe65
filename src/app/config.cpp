#include "app/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/nearest.h"

extern char** environ;

namespace hg::app {

namespace {

constexpr std::string_view kPrefix = "HELIOGRAPH_";
// Read by the command line, not by the configuration.
constexpr std::string_view kOtherVariables[] = {"HELIOGRAPH_TOKEN", "HELIOGRAPH_CLIENT_SECRET",
                                                "HELIOGRAPH_PASSPHRASE"};

const Key kKeys[] = {
    {"data", &Config::data, "The data directory; `heliograph init` makes it."},
    {"store", &Config::store,
     "The database, postgresql://USER@HOST/NAME, or file:PATH or env:NAME where that is; empty: SQLite in DIR.", true},
    {"listen", &Config::listen, "Where plain HTTP is served, ADDR:PORT; empty: nowhere."},
    {"tls_listen", &Config::tls_listen, "Where HTTPS is served, ADDR:PORT; empty: nowhere."},
    {"admin_listen", &Config::admin_listen,
     "Where the admin API and /metrics are answered, ADDR:PORT; plain HTTP on loopback, else HTTPS."},
    {"public_url", &Config::public_url, "The address clients use, when it is not the one listened on."},
    {"tls_cert", &Config::tls_cert, "The certificate chain as PEM; empty: DIR/tls/cert.pem."},
    {"tls_key", &Config::tls_key, "The certificate's private key as PEM; empty: DIR/tls/key.pem."},
    {"behind_tls_proxy", &Config::behind_tls_proxy,
     "A proxy in front speaks TLS: plain HTTP may be served off loopback."},
    {"trusted_proxies", &Config::trusted_proxies,
     "Addresses and networks of proxies in front that set X-Forwarded-For: \"127.0.0.1\", \"10.0.0.0/8\"."},
    {"sealing_key", &Config::sealing_key, "The sealing key, file:PATH or env:NAME; empty: file:DIR/sealing.key.", true},
    {"bus", &Config::bus,
     "How nodes tell each other, nats://HOST:PORT or tls://HOST:PORT, several with commas; empty: one node alone.",
     true},
    {"bus_credentials", &Config::bus_credentials, "For it, USER:PASSWORD or a token, as file:PATH or env:NAME.", true},
    {"bus_authorities", &Config::bus_authorities,
     "PEM file of certificate authorities for tls:// of the bus; empty: the system's."},
    {"cors_origins", &Config::cors_origins,
     "Browser origins allowed beside those of the applications' spa redirect URIs."},
    {"threads", &Config::threads, "Network threads; 0: one a core.", false, 0, 256},
    {"log.level", &Config::log_level, "debug, info, warn or error."},
    {"log.format", &Config::log_format, "json, text, or auto: text on a terminal."},
    {"log.access", &Config::log_access, "One line at info for each request."},
    {"limits.body_bytes", &Config::body_bytes, "The largest request body as sent.", false, 1024, 64 * 1024 * 1024},
    {"limits.unpacked_bytes", &Config::unpacked_bytes, "The largest gzip or deflate body once unpacked.", false, 1024,
     64 * 1024 * 1024},
    {"limits.json_depth", &Config::json_depth, "How deep JSON may be nested.", false, 8, 64},
    {"limits.requests", &Config::requests, "Requests in progress at once; beyond, calls of both APIs get 503.", false,
     1, 1'000'000},
    {"limits.connections", &Config::connections, "Open connections; beyond, others wait.", false, 16, 1'000'000},
    {"limits.live_connections", &Config::live_connections,
     "Live connections of all users; at most seven eighths of limits.connections, beyond 503.", false, 1, 1'000'000},
    {"limits.connections_per_user", &Config::connections_per_user, "Live connections a user may hold.", false, 1,
     10'000},
    {"limits.drain_seconds", &Config::drain_seconds, "How long a stop waits for requests in flight.", false, 0, 600},
    {"limits.application_calls", &Config::application_calls,
     "Calls an application may make for itself in a minute; 0: as many as it likes.", false, 0, 100'000'000},
    {"limits.user_calls", &Config::user_calls,
     "Calls a user may make in a minute in an application; 0: as many as it likes.", false, 0, 100'000'000},
    {"limits.address_calls", &Config::address_calls,
     "Calls a minute from one address without a token or a client's secret; 0: as many as it likes.", false, 0,
     100'000'000},
    {"limits.address_guesses", &Config::address_guesses,
     "Wrong passwords from one address before each next one has to wait; 0: any number.", false, 0, 1'000'000},
    {"identity.issuers", &Config::identity_issuers,
     "Other issuers that are trusted, each \"https://ISSUER audience=OURS [users=known] [upn=CLAIM] [name=CLAIM] "
     "[mail=CLAIM]\"."},
    {"identity.authorities", &Config::identity_authorities,
     "PEM file of certificate authorities for those issuers; empty: the system's."},
    {"identity.host_file", &Config::identity_host_file,
     "Where a cross-device app's host proves itself; another one for development."},
    {"identity.name_server", &Config::identity_name_server,
     "The name server asked for TXT records, ADDR:PORT; empty: the system's."},
    {"identity.rotate_keys_days", &Config::rotate_keys_days,
     "After how many days another key signs tokens; 0: when told to.", false, 0, 3650},
    {"push.apns", &Config::push_apns, "Apple's push service; another one for development."},
    {"push.apns_sandbox", &Config::push_apns_sandbox, "Its sandbox."},
    {"push.fcm", &Config::push_fcm, "Google's push service."},
    {"push.wns_store_token", &Config::push_wns_store_token, "Where Package SIDs get their tokens for WNS."},
    {"push.wns_entra", &Config::push_wns_entra, "Where Entra applications get their tokens for WNS."},
    {"push.loopback", &Config::push_loopback, "For development: push services on loopback may be reached."},
    {"push.webpush_hosts", &Config::push_webpush_hosts,
     "Hosts of push services that browsers may bring, \"push.example\" or \"*.push.example\"; empty: any."},
    {"push.authorities", &Config::push_authorities,
     "PEM file of certificate authorities for push services; empty: the system's."},
    {"push.silent_an_hour", &Config::push_silent_an_hour,
     "Pushes that show nothing an Apple device gets in an hour; more wait for the next visible one.", false, 0, 60},
    {"mail.relay", &Config::mail_relay,
     "The relay of fallback mails, smtp://HOST:PORT or smtps://HOST:PORT; empty: none."},
    {"mail.user", &Config::mail_user, "Who the relay takes mail from; empty: anybody."},
    {"mail.password", &Config::mail_password, "Its password, file:PATH or env:NAME.", true},
    {"mail.from_address", &Config::mail_from_address, "Where mails come from that name no address."},
    {"mail.from_name", &Config::mail_from_name, "And the name with it."},
};

std::string nearest(std::string_view name, const std::function<std::string(const Key&)>& spelling) {
  return spelling(
      *std::ranges::min_element(kKeys, {}, [&](const Key& key) { return edit_distance(name, spelling(key)); }));
}

const Key* find_key(std::string_view name) {
  const auto* found = std::ranges::find(kKeys, name, &Key::name);
  return found == std::end(kKeys) ? nullptr : found;
}

Result<void> check_number(const Key& key, std::int64_t number) {
  if (number >= key.least && number <= key.most) return {};
  return fail(Code::property_invalid,
              fmt::format("{} is {}; {} to {} is possible", key.name, number, key.least, key.most));
}

Result<void> check_text(const Key& key, const std::string& text) {
  const auto one_of = [&](std::initializer_list<std::string_view> allowed) -> Result<void> {
    if (std::ranges::find(allowed, text) != allowed.end()) return {};
    return fail(Code::property_invalid,
                fmt::format("{} is \"{}\"; it is one of: {}", key.name, text, fmt::join(allowed, ", ")));
  };
  if (key.name == "log.level") return one_of({"debug", "info", "warn", "error"});
  if (key.name == "log.format") return one_of({"json", "text", "auto"});
  for (const auto& [name, what] : {std::pair("sealing_key", "the key itself"),
                                   {"bus_credentials", "the secret itself"},
                                   {"mail.password", "the secret itself"}})
    if (key.name == name && !text.empty() && !text.starts_with("file:") && !text.starts_with("env:"))
      return fail(Code::property_invalid,
                  fmt::format("{} is {}; name where it is instead: file:PATH or env:NAME", name, what));
  const auto known = {"postgresql://", "postgres://", "file:", "env:"};
  if (key.name == "store" && !text.empty() &&
      std::ranges::none_of(known, [&](std::string_view start) { return text.starts_with(start); }))
    return fail(Code::property_invalid,
                "store is a URL, postgresql://USER@HOST/NAME, or names where that is: file:PATH or env:NAME");
  return {};
}

Result<void> assign(Config& config, const Key& key, const toml::node& node) {
  const auto wrong = [&](std::string_view right) {
    return fail(Code::property_invalid,
                fmt::format("{} in line {} should be {}", key.name, node.source().begin.line, right));
  };
  if (const auto* text = std::get_if<std::string Config::*>(&key.member)) {
    if (!node.is_string()) return wrong("a text in quotes");
    config.*(*text) = node.as_string()->get();
    return check_text(key, config.*(*text));
  }
  if (const auto* flag = std::get_if<bool Config::*>(&key.member)) {
    if (!node.is_boolean()) return wrong("true or false");
    config.*(*flag) = node.as_boolean()->get();
    return {};
  }
  if (const auto* number = std::get_if<std::int64_t Config::*>(&key.member)) {
    if (!node.is_integer()) return wrong("a whole number");
    config.*(*number) = node.as_integer()->get();
    return check_number(key, config.*(*number));
  }
  const toml::array* array = node.as_array();
  if (array == nullptr) return wrong("a list of texts");
  auto& list = config.*std::get<std::vector<std::string> Config::*>(key.member);
  list.clear();
  for (const toml::node& item : *array) {
    if (!item.is_string()) return wrong("a list of texts");
    list.push_back(item.as_string()->get());
  }
  return {};
}

Result<void> assign_table(Config& config, const toml::table& table, const std::string& prefix) {
  for (const auto& [name, node] : table) {
    const std::string full = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      HG_CHECK(assign_table(config, *inner, full + "."));
      continue;
    }
    const Key* key = find_key(full);
    if (key == nullptr)
      return fail(Code::property_invalid,
                  fmt::format("unknown key \"{}\" in line {}; the nearest is \"{}\"", full, node.source().begin.line,
                              nearest(full, [](const Key& k) { return std::string(k.name); })));
    HG_CHECK(assign(config, *key, node));
  }
  return {};
}

Result<void> read_file(Config& config, const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Code::not_found, fmt::format("configuration file {} cannot be read", file));
  std::ostringstream text;
  text << in.rdbuf();
  try {
    const toml::table table = toml::parse(text.str());
    auto assigned = assign_table(config, table, "");
    if (!assigned) return fail(assigned.error().code, fmt::format("{}: {}", file, assigned.error().message));
    return assigned;
  } catch (const toml::parse_error& error) {
    return fail(Code::property_invalid, fmt::format("{}: line {}, column {}: {}", file, error.source().begin.line,
                                                    error.source().begin.column, error.description()));
  }
}

Result<void> read_environment(Config& config, const Environment& environment, std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (std::ranges::find(kOtherVariables, name) != std::end(kOtherVariables)) continue;
    const auto* key = std::ranges::find_if(kKeys, [&](const Key& k) { return environment_name(k) == name; });
    if (key == std::end(kKeys))
      return fail(Code::property_invalid, fmt::format("unknown environment variable {}; the nearest is {}", name,
                                                      nearest(name, environment_name)));
    if (auto text = environment(name)) HG_CHECK(set(config, *key, *text));
  }
  return {};
}

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string shown(const Config& config, const Key& key) {
  return std::visit(
      [&](auto member) -> std::string {
        using Member = decltype(config.*member);
        if constexpr (std::is_same_v<std::decay_t<Member>, std::string>) {
          const std::string& text = config.*member;
          const bool address = text.contains("://") && !text.contains('@');
          const bool harmless = !key.secret || text.empty() || text.starts_with("file:") || address;
          return toml_text(harmless ? text : "(secret)");
        } else if constexpr (std::is_same_v<std::decay_t<Member>, bool>) {
          return config.*member ? "true" : "false";
        } else if constexpr (std::is_same_v<std::decay_t<Member>, std::int64_t>) {
          return std::to_string(config.*member);
        } else {
          std::vector<std::string> items;
          for (const std::string& item : config.*member) items.push_back(toml_text(item));
          return fmt::format("[{}]", fmt::join(items, ", "));
        }
      },
      key.member);
}

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::string environment_name(const Key& key) {
  std::string name(kPrefix);
  for (const char c : key.name) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    if (line.starts_with(kPrefix)) names.emplace_back(line.substr(0, line.find('=')));
  }
  return names;
}

Result<void> set(Config& config, const Key& key, std::string_view text) {
  if (const auto* member = std::get_if<std::string Config::*>(&key.member)) {
    config.*(*member) = std::string(text);
    return check_text(key, config.*(*member));
  }
  if (const auto* flag = std::get_if<bool Config::*>(&key.member)) {
    if (text != "true" && text != "false" && text != "1" && text != "0")
      return fail(Code::property_invalid, fmt::format("{} is \"{}\"; it is true or false", key.name, text));
    config.*(*flag) = text == "true" || text == "1";
    return {};
  }
  if (const auto* member = std::get_if<std::int64_t Config::*>(&key.member)) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
      return fail(Code::property_invalid, fmt::format("{} is \"{}\"; it is a whole number", key.name, text));
    config.*(*member) = number;
    return check_number(key, number);
  }
  auto& list = config.*std::get<std::vector<std::string> Config::*>(key.member);
  list.clear();
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (auto item = trim(text.substr(0, comma)); !item.empty()) list.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return {};
}

Result<Config> load(const std::string& file, const Environment& environment, std::span<const std::string> names) {
  Config config;
  if (!file.empty()) HG_CHECK(read_file(config, file));
  HG_CHECK(read_environment(config, environment, names));
  return config;
}

Result<std::string> resolve_secret(const std::string& reference, const Environment& environment) {
  if (reference.starts_with("env:")) {
    if (auto value = environment(reference.substr(4))) return *value;
    return fail(Code::not_found, fmt::format("{} names an environment variable that is not set", reference));
  }
  if (!reference.starts_with("file:")) return reference;
  std::ifstream in(reference.substr(5), std::ios::binary);
  if (!in) return fail(Code::not_found, fmt::format("{} cannot be read", reference));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string describe(const Config& config) {
  std::string out;
  std::string section;
  for (const Key& key : kKeys) {
    const std::size_t dot = key.name.find('.');
    const std::string_view here = dot == std::string_view::npos ? "" : key.name.substr(0, dot);
    if (here != section) {
      section = here;
      out += fmt::format("\n[{}]\n", section);
    }
    const std::string_view leaf = dot == std::string_view::npos ? key.name : key.name.substr(dot + 1);
    out += fmt::format("# {}\n{} = {}\n", key.sentence, leaf, shown(config, key));
  }
  return out;
}

}  // namespace hg::app
