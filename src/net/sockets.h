// Listening sockets and accepted ones, as plain descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hg::net {

// A descriptor with an owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int get() const { return number_; }
  int release();

 private:
  int number_;
};

struct Listeners {
  std::vector<Descriptor> sockets;  // one a loop
  std::uint16_t port = 0;
};

// `count` sockets listening on one address (SO_REUSEPORT), the first bound without it so that a busy port is noticed.
// Code::unavailable: in use. Code::property_invalid: no IP address nor "localhost".
Result<Listeners> listen_tcp(const std::string& address, std::uint16_t port, std::size_t count);
// Mode 0600 from the first moment it can be connected to. Code::unavailable: somebody listens there.
Result<Descriptor> listen_unix_socket(const std::string& path);

struct Accepted {
  Descriptor socket;   // none: see `error`
  std::string remote;  // without port; IPv4 as such, also where it came in by IPv6; "unix"
  int error = 0;       // errno
};
Accepted accept_one(int listener);

}  // namespace hg::net
