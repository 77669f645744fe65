// Which base address a request asked, and which browser origins may read our answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/context.h"

namespace hg::api {

// {base} for links: public_url where it is set; else scheme and Host of the request, where they are of the closed set.
// Nullopt: misdirected (421). On the Unix socket any Host is served.
std::optional<std::string> base_of(const net::Request& request, const Settings& settings);

// "http://localhost:3000" and the like.
bool is_loopback_origin(std::string_view origin);

// Whether pages of `origin` may read our answers and open live connections: the base itself, origins of `spa` redirect
// URIs of unblocked applications, the configured ones.
bool origin_allowed(std::string_view origin, std::string_view base, const Services& services);

// Strict-Transport-Security is due: TLS, and a host that is neither localhost nor an IP address.
bool wants_hsts(std::string_view base);

}  // namespace hg::api
