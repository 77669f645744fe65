// ADDR:PORT as the configuration writes it, and the origins that clients may name for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hg::app {

struct Endpoint {
  std::string address;  // "127.0.0.1", "::1", "0.0.0.0", "localhost"
  std::uint16_t port = 0;
  bool tls = false;
  bool operators = false;  // the admin API and /metrics, for those who run the server

  [[nodiscard]] bool loopback() const {
    return address == "localhost" || address == "::1" || address.starts_with("127.");
  }
  [[nodiscard]] std::string url(std::string_view host) const;
  // The closed set for Host: its own address, and localhost where it is on loopback.
  [[nodiscard]] std::vector<std::string> origins() const;
};

// "127.0.0.1:8080", "[::1]:8080"; `key` is named in the refusal.
Result<Endpoint> parse_endpoint(std::string_view text, std::string_view key);

}  // namespace hg::app
