// JSON Web Tokens in compact form (RFC 7515, 7519), read as RFC 8725 asks. Times and claims are the caller's to judge.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "crypto/keys.h"

namespace hg::crypto {

// `kid` is left out where it is empty.
std::string sign_jwt(const PrivateKey& key, std::string_view kid, std::string_view typ, std::string_view claims_json);

struct Jwt {
  Alg alg = Alg::rs256;
  std::string kid, typ;  // typ in lower case, without "application/"
  json::object header, claims;
  std::string signing_input;
  Buffer signature;

  [[nodiscard]] bool signed_by(const PublicKey& key) const {
    return key.verify(alg, as_bytes(signing_input), signature);
  }
};

// Nullopt for more than 8 kB, other than three parts, base64url with padding, an algorithm not allowed, repeated keys,
// `crit`, a kid or typ that is no text, or a kid that is longer than 64 characters or has others than letters, digits
// and
// `._-`. Keys named in the header (jku, jwk, x5c, x5u)
// are not read.
std::optional<Jwt> parse_jwt(std::string_view token);

}  // namespace hg::crypto
