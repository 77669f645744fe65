// Other applications' APIs: whose tokens are asked for, and whether an application may ask.
#pragma once

#include "identity/directory.h"
#include "identity/scopes.h"

namespace hg::identity {

// Where another API was named: it is exposed here, with scopes of these names (`.default`: all); its client id becomes
// the audience where it was named first. invalid_scope.
OAuthResult<void> find_resource(Asked& asked, const Directory& directory);

// That the application may ask for the scopes of ours that it names; `.default` means what it may. invalid_scope.
OAuthResult<void> check_allowed(const Asked& asked, const Application& application);

// What a token says under `scp`.
std::string scope_claim(const Asked& asked);

}  // namespace hg::identity
