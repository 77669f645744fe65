// Cookies of the sign-in pages (RFC 6265): HttpOnly, SameSite=Lax; over https Secure and with the __Host- prefix, which
// binds them to this host.
#pragma once

#include <string>
#include <string_view>

#include "api/context.h"

namespace hg::api {

// "" where the browser sent none.
std::string cookie(const Call& call, std::string_view name);
// For as long as the browser runs.
void set_cookie(const Call& call, net::Response& response, std::string_view name, std::string_view value);
void clear_cookie(const Call& call, net::Response& response, std::string_view name);

}  // namespace hg::api
