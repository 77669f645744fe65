#include "app/bus.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "bus/local.h"

namespace hg::app {

namespace {

// What a reference names, without an editor's last line end.
Result<std::string> secret(const std::string& reference) {
  HG_TRY(auto text, resolve_secret(reference, variable));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

// Contents of notifications travel: sealed, and for one subject each.
void seal_with(bus::Nats::Options& options, const crypto::SealingKey& key) {
  options.seal = [key](std::string_view subject, std::string_view clear) {
    return std::string(as_text(key.seal(as_bytes(subject), as_bytes(clear))));
  };
  options.open = [key](std::string_view subject, std::string_view sealed) -> std::optional<std::string> {
    const auto clear = key.open(as_bytes(subject), as_bytes(sealed));
    return clear ? std::optional(std::string(as_text(*clear))) : std::nullopt;
  };
}

}  // namespace

Result<bus::Nats::Options> nats_of(const Config& config) {
  bus::Nats::Options options;
  HG_TRY(const auto addresses, secret(config.bus));
  for (std::string_view left = addresses; !left.empty();) {
    const auto comma = std::min(left.find(','), left.size());
    options.servers.emplace_back(trim(left.substr(0, comma)));
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  if (const auto mistake = bus::Nats::mistake_in(options.servers); !mistake.empty())
    return fail(Code::property_invalid, fmt::format("bus {}", mistake));
  HG_TRY(const auto credentials, secret(config.bus_credentials));
  const auto colon = credentials.find(':');
  if (colon == std::string::npos) {
    options.token = credentials;
  } else {
    options.user = credentials.substr(0, colon);
    options.password = credentials.substr(colon + 1);
  }
  options.authorities = config.bus_authorities;
  return options;
}

Result<std::unique_ptr<bus::Bus>> make_bus(const Config& config, const crypto::SealingKey& key,
                                           const std::string& tenant) {
  if (config.bus.empty()) return std::make_unique<bus::Local>();
  HG_TRY(auto options, nats_of(config));
  options.subjects = "heliograph." + tenant;
  seal_with(options, key.subkey("bus messages"));
  return std::make_unique<bus::Nats>(std::move(options));
}

}  // namespace hg::app
