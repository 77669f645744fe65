#include "crypto/jwk.h"

namespace hg::crypto {

Jwk jwk_of(const json::value& value) {
  const auto member = [&](std::string_view name) {
    const auto* found = value.is_object() ? value.get_object().if_contains(name) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  return {member("kty"), member("n"), member("e"), member("crv"), member("x"), member("y")};
}

std::string jwk_text(const Jwk& jwk) {
  std::string out;
  JsonWriter writer(out);
  writer.object().field("kty", jwk.kty);
  if (jwk.kty == "RSA") writer.field("n", jwk.n).field("e", jwk.e);
  if (jwk.kty == "EC") writer.field("crv", jwk.crv).field("x", jwk.x).field("y", jwk.y);
  writer.end();
  return out;
}

Digest thumbprint(const Jwk& jwk) {
  // In the order of their names.
  std::string out;
  JsonWriter writer(out);
  writer.object();
  if (jwk.kty == "EC") writer.field("crv", jwk.crv).field("kty", jwk.kty).field("x", jwk.x).field("y", jwk.y);
  if (jwk.kty == "RSA") writer.field("e", jwk.e).field("kty", jwk.kty).field("n", jwk.n);
  writer.end();
  return sha256(out);
}

}  // namespace hg::crypto
