// Redirect URIs: which may be registered, and which a request may name (RFC 9700 §2.1, RFC 8252).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hg::identity {

using RedirectUris = std::vector<std::pair<std::string, std::string>>;  // kind ("web", "spa", "native") and URI

// Code::property_invalid with what would be right. `web` and `spa`: https, or http on loopback; `native` also
// private-use schemes with a dot, ms-app, msauth and msal….
Result<void> check_redirect_uri(std::string_view kind, std::string_view uri);

// The kind under which `uri` is registered, or "". Exact match, but for the port of a loopback IP literal or localhost.
std::string_view registered_kind(const RedirectUris& registered, std::string_view uri);

// Without its port, where it is http on loopback (RFC 8252 §7.3); otherwise as it is.
std::string without_loopback_port(std::string_view uri);

// scheme://host[:port] of an http(s) URI, or "".
std::string origin_of(std::string_view uri);

}  // namespace hg::identity
