#include "api/hosts.h"

#include <algorithm>

namespace hg::api {
namespace {

// Of "https://host:port": host, without brackets.
std::string_view host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  std::string_view rest = scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') == std::string_view::npos ? 0 : rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

bool is_ip(std::string_view host) {
  return host.contains(':') || (!host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

std::optional<std::string> base_of(const net::Request& request, const Settings& settings) {
  if (!settings.public_url.empty()) return settings.public_url;
  if (request.listener == net::Listener::unix_socket)
    return settings.origins.empty() ? std::string("http://localhost") : settings.origins.front();
  const auto host = request.headers.find("Host");
  if (!host) return std::nullopt;
  const std::string asked = request.scheme + "://" + lower(*host);
  if (std::ranges::find(settings.origins, asked) == settings.origins.end()) return std::nullopt;
  return asked;
}

bool is_loopback_origin(std::string_view origin) {
  if (!origin.starts_with("http://") && !origin.starts_with("https://")) return false;
  const std::string_view host = host_of(origin);
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool origin_allowed(std::string_view origin, std::string_view base, const Services& services) {
  if (origin.empty() || origin == "null") return false;
  if (origin == base) return true;
  const Settings& settings = services.settings;
  if (settings.cors_loopback && is_loopback_origin(origin)) return true;
  return std::ranges::find(settings.cors_origins, origin) != settings.cors_origins.end() ||
         services.registry.directory()->spa_origin(origin);
}

bool wants_hsts(std::string_view base) {
  if (!base.starts_with("https://")) return false;
  const std::string_view host = host_of(base);
  return host != "localhost" && !is_ip(host);
}

}  // namespace hg::api
