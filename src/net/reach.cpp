#include "net/reach.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <memory>

#include "base/encoding.h"

namespace hg::net {

namespace {

namespace ip = boost::asio::ip;

// RFC 6890 and its kin: what no service on the internet has.
const auto& private_v4() {
  static const auto networks = [] {
    std::array<ip::network_v4, 15> all;
    std::ranges::transform(
        std::array{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                   "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
                   "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"},
        all.begin(), [](const char* text) { return ip::make_network_v4(text); });
    return all;
  }();
  return networks;
}

// ::/96 holds the unspecified address, loopback and the old IPv4-compatible ones.
const auto& private_v6() {
  static const auto networks = [] {
    std::array<ip::network_v6, 11> all;
    std::ranges::transform(std::array{"::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
                                      "2001::/32", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"},
                           all.begin(), [](const char* text) { return ip::make_network_v6(text); });
    return all;
  }();
  return networks;
}

template <class Networks, class Address>
bool any_holds(const Networks& networks, const Address& address) {
  return std::ranges::any_of(networks, [&](const auto& network) {
    return std::decay_t<decltype(network)>(address, network.prefix_length()).canonical() == network;
  });
}

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool is_address(const std::string& host) {
  if (host.starts_with('[')) return true;
  boost::system::error_code bad;
  (void)ip::make_address(host, bad);
  return !bad;
}

bool on_this_machine(const Url& url) {
  return url.host == "localhost" || url.host.starts_with("127.") || url.host == "[::1]";
}

}  // namespace

bool within(Reach reach, const ip::address& address) {
  if (reach == Reach::anywhere) return true;
  if (reach == Reach::loopback && address.is_loopback()) return true;
  return address.is_v4() ? !any_holds(private_v4(), address.to_v4()) : !any_holds(private_v6(), address.to_v6());
}

std::optional<Url> parse_url(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return std::nullopt;
  Url out;
  out.scheme = lower(part(parsed.get(), CURLUPART_SCHEME));
  out.host = lower(part(parsed.get(), CURLUPART_HOST));
  const std::string port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const bool own_port = !part(parsed.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT).empty();
  if (out.host.empty()) return std::nullopt;
  out.port = port.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoul(port));
  out.origin = own_port ? fmt::format("{}://{}:{}", out.scheme, out.host, port) : out.scheme + "://" + out.host;
  out.credentials = !part(parsed.get(), CURLUPART_USER).empty() || !part(parsed.get(), CURLUPART_PASSWORD).empty();
  out.address = is_address(out.host);
  return out;
}

Result<Url> outbound_url(std::string_view what, const std::string& url, bool loopback) {
  const auto invalid = [&](std::string_view why) {
    return fail(Code::property_invalid, fmt::format("{} {}", what, why));
  };
  auto parsed = parse_url(url);
  if (!parsed) return invalid("is no URL");
  if (parsed->credentials) return invalid("names a user; nobody is logged in there");
  const bool local = loopback && on_this_machine(*parsed);
  if (parsed->scheme != "https" && !(local && parsed->scheme == "http")) return invalid("is no https URL");
  if (!local && parsed->address) return invalid("names an IP address; a host name is right");
  if (!local && parsed->port != 443) return invalid("names a port; only 443 is asked");
  return *std::move(parsed);
}

}  // namespace hg::net
