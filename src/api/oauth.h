// What the identity platform's calls share: the one tenant, and errors as RFC 6749 §5.2 and clients of the retired
// platform read them.
#pragma once

#include "api/context.h"
#include "identity/scopes.h"

namespace hg::api {

// invalid_tenant unless the path names the one there is: common, organizations, consumers, or its GUID.
identity::OAuthResult<void> check_tenant(const Call& call);

net::Response oauth_error(const Call& call, const identity::OAuthError& error);
// JSON that nobody may keep: tokens and errors.
net::Response fleeting_json(int status, std::string body);

}  // namespace hg::api
