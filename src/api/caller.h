// Where a call comes from: the peer's address, or, where a proxy that is trusted passes calls on, the one that it names
// in X-Forwarded-For.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace hg::api {

class Proxies {
 public:
  // "192.0.2.7", "10.0.0.0/8", "fd00::/8". Code::property_invalid names what is neither address nor network.
  static Result<Proxies> parse(std::span<const std::string> texts);
  // There are proxies, and nobody has said which: no address tells anything.
  static Proxies unnamed();

  [[nodiscard]] bool named() const { return !v4_.empty() || !v6_.empty(); }
  // Whom `request` comes from; nullopt where nobody knows.
  [[nodiscard]] std::optional<boost::asio::ip::address> caller(const net::Request& request) const;

 private:
  [[nodiscard]] bool trusts(const boost::asio::ip::address& address) const;

  bool unnamed_ = false;
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

// Whom a call counts for where addresses are counted: one IPv4 address, or a /64 of IPv6. Nullopt on loopback, where
// somebody may speak for everybody, and where nobody knows.
std::optional<std::uint64_t> neighbourhood(const net::Request& request, const Proxies& proxies);

}  // namespace hg::api
