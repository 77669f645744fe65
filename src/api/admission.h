// Whether a request may go to its route's handler: its headers, its token, its scope.
#pragma once

#include "api/routes.h"

namespace hg::api {

// Accept, headers that are not supported, the body's media type and coding.
Result<void> check_headers(const net::Request& request, const Route& route);

// Puts the JSON that a gzip or deflate body holds in its place. Code::too_large beyond `limit` bytes,
// Code::invalid_json where it is not what Content-Encoding says. Forms are not packed.
Result<void> unpack_body(net::Request& request, std::size_t limit);

// Who asks: the token's principal, the local administrator, or nobody where the route is open or its handler finds out.
Result<identity::Principal> authenticate(const net::Request& request, const Route& route, identity::Bearer& bearer,
                                         std::string_view base, Time now);

// Whether this principal has what `who` wants. Code::scope_missing.
Result<void> authorize(const identity::Principal& principal, Who who);

}  // namespace hg::api
