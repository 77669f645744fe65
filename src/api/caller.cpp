#include "api/caller.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace hg::api {

namespace {

namespace ip = boost::asio::ip;

// "::ffff:192.0.2.1" is 192.0.2.1, however it came in.
ip::address plain(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(text, error);
  if (error) return std::nullopt;
  return plain(address);
}

// As proxies write them: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711".
std::optional<ip::address> forwarded_address(std::string_view text) {
  text = trim(text);
  if (text.starts_with('[')) return parse_address(text.substr(1, text.find(']') - 1));
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return parse_address(text);
}

// The last came first: each proxy adds behind what it was given.
std::vector<std::string_view> forwarded_for(const net::Headers& headers) {
  std::vector<std::string_view> all;
  for (const net::Field& field : headers) {
    if (!equal_ignoring_case(field.name, "X-Forwarded-For")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      all.push_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  std::ranges::reverse(all);
  return all;
}

}  // namespace

Result<Proxies> Proxies::parse(std::span<const std::string> texts) {
  Proxies proxies;
  for (const std::string& text : texts) {
    boost::system::error_code error;
    const auto address = parse_address(text);
    if (address && address->is_v4()) {
      proxies.v4_.emplace_back(address->to_v4(), 32);
    } else if (address) {
      proxies.v6_.emplace_back(address->to_v6(), 128);
    } else if (const auto v4 = ip::make_network_v4(text, error); !error) {
      proxies.v4_.push_back(v4.canonical());
    } else if (const auto v6 = ip::make_network_v6(text, error); !error) {
      proxies.v6_.push_back(v6.canonical());
    } else {
      return fail(Code::property_invalid,
                  fmt::format("\"{}\" is neither an address nor a network such as 10.0.0.0/8 or fd00::/8", text));
    }
  }
  return proxies;
}

Proxies Proxies::unnamed() {
  Proxies proxies;
  proxies.unnamed_ = true;
  return proxies;
}

bool Proxies::trusts(const ip::address& address) const {
  if (address.is_v4())
    return std::ranges::any_of(v4_, [&](const ip::network_v4& network) {
      return ip::network_v4(address.to_v4(), network.prefix_length()).canonical() == network;
    });
  return std::ranges::any_of(v6_, [&](const ip::network_v6& network) {
    return ip::network_v6(address.to_v6(), network.prefix_length()).canonical() == network;
  });
}

std::optional<ip::address> Proxies::caller(const net::Request& request) const {
  if (unnamed_) return std::nullopt;
  auto address = parse_address(request.remote);
  if (!address || !trusts(*address)) return address;
  // What stands before the first that is not trusted was written by whoever calls.
  for (const std::string_view one : forwarded_for(request.headers)) {
    address = forwarded_address(one);
    if (!address || !trusts(*address)) return address;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> neighbourhood(const net::Request& request, const Proxies& proxies) {
  const auto address = proxies.caller(request);
  if (!address || address->is_loopback()) return std::nullopt;
  if (address->is_v4()) return (std::uint64_t{0xffff} << 32) | address->to_v4().to_uint();
  const auto bytes = address->to_v6().to_bytes();
  std::uint64_t network = 0;
  for (const std::uint8_t byte : std::span(bytes).first<8>()) network = (network << 8) | byte;
  return network;
}

}  // namespace hg::api
