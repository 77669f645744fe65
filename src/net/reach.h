// Which addresses a request of ours may go to, where the URL came from somebody else: looked at when the connection is
// made, so that no name can lead elsewhere than where it was found to lead.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hg::net {

enum class Reach : std::uint8_t {
  internet,  // nothing private, local, reserved, nor what stands for such (mapped, NAT64, 6to4)
  loopback,  // that, and 127.0.0.0/8 and ::1: for development
  anywhere,  // where the operator named the host
};
bool within(Reach reach, const boost::asio::ip::address& address);

// An absolute URL as libcurl reads it, so that what was judged is what is asked.
struct Url {
  std::string scheme, host;  // lower case; an IP address in its usual form, IPv6 in brackets
  std::uint16_t port = 0;    // the scheme's own where none was named
  std::string origin;        // scheme://host, and the port where it is not the scheme's
  bool credentials = false;  // names a user
  bool address = false;      // the host is an IP address
};
std::optional<Url> parse_url(const std::string& url);

// Of a URL that somebody else brings for us to ask: https, a host by name, port 443; where loopback may be reached also
// plain HTTP and any port on this machine. Code::property_invalid; the message begins with `what`, the URL's name.
Result<Url> outbound_url(std::string_view what, const std::string& url, bool loopback);

}  // namespace hg::net
