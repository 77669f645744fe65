#include "app/endpoints.h"

#include <fmt/format.h>

#include <charconv>

namespace hg::app {

std::string Endpoint::url(std::string_view host) const {
  const bool bare = host.find(':') != std::string_view::npos;
  const bool usual = port == (tls ? 443 : 80);
  return fmt::format("{}://{}{}", tls ? "https" : "http", bare ? fmt::format("[{}]", host) : std::string(host),
                     usual ? "" : fmt::format(":{}", port));
}

std::vector<std::string> Endpoint::origins() const {
  std::vector<std::string> all{url(address)};
  if (loopback() && address != "localhost") all.push_back(url("localhost"));
  if (address == "localhost") all.push_back(url("127.0.0.1"));
  return all;
}

Result<Endpoint> parse_endpoint(std::string_view text, std::string_view key) {
  const auto wrong = [&] {
    return fail(Code::property_invalid,
                fmt::format("{} is \"{}\"; it is ADDR:PORT, for example 127.0.0.1:8080", key, text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  std::string_view address = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  Endpoint endpoint;
  endpoint.address = address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc{} || end != port.data() + port.size()) return wrong();
  return endpoint;
}

}  // namespace hg::app
