// JSON Web Keys as text (RFC 7517), their public members alone.
#pragma once

#include <string>

#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

namespace hg::crypto {

// What is missing, or no text, is "". PublicKey::from_jwk judges the rest.
Jwk jwk_of(const json::value& value);
std::string jwk_text(const Jwk& jwk);
// RFC 7638: of the required members alone, whatever else was said beside them.
Digest thumbprint(const Jwk& jwk);

}  // namespace hg::crypto
