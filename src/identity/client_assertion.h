// JWTs by which clients authenticate (private_key_jwt; RFC 7523 §3, OpenID Connect Core §9).
#pragma once

#include <span>
#include <string>

#include "crypto/jwt.h"
#include "identity/directory.h"

namespace hg::identity {

// The client that it is said to be of, or "".
std::string issuer_named_by(const crypto::Jwt& jwt);

struct CheckedAssertion {
  std::string hash;  // of the client and its jti
  Time until{};      // from then on it is refused for its age
  bool once = true;  // and so `hash` must not have been seen
};
// By a key that the application has registered; ten minutes long at the most. Which key the header names is not looked
// at, but for this: one that names a certificate is good until it ends, for MSAL sends the same one for ten minutes;
// any other once. invalid_client.
OAuthResult<CheckedAssertion> check_client_assertion(const crypto::Jwt& jwt, const Application& application,
                                                     std::span<const std::string> audiences, Time now);

}  // namespace hg::identity
