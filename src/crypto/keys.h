// Asymmetric keys for tokens: RSA of 2048 bits or more (RS256, PS256) and P-256 (ES256), RFC 7518. Thread-safe once
// made.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"

struct evp_pkey_st;

namespace hg::crypto {

enum class Alg { rs256, es256, ps256 };
std::string_view name(Alg alg);                       // "RS256"
std::optional<Alg> parse_alg(std::string_view text);  // nothing but those above

// The public members of a JSON Web Key (RFC 7517), as base64url texts; n and e for RSA, x and y for EC.
struct Jwk {
  std::string kty = {}, n = {}, e = {}, crv = {}, x = {}, y = {};
};

class PublicKey {
 public:
  // Nullopt for RSA under 2048 or over 8192 bits or of an exponent that is even, 1 or over 64 bits, for other curves
  // and points off the curve, and for what is no key.
  static std::optional<PublicKey> from_jwk(const Jwk& jwk);
  // The key of an X.509 certificate in PEM, under the same conditions. Who signed it and when it ends is not looked at.
  static std::optional<PublicKey> from_certificate(std::string_view pem);
  // P-256 from the uncompressed point, 65 bytes (SEC 1 §2.3.3): how Web Push names keys. Nullopt for points off the
  // curve.
  static std::optional<PublicKey> from_point(Bytes point);

  // False too where the key is not of the algorithm's type. ES256 signatures are r and s, 32 bytes each.
  [[nodiscard]] bool verify(Alg alg, Bytes message, Bytes signature) const;
  // P-256: as from_point takes it.
  [[nodiscard]] Buffer point() const;

 private:
  friend class PrivateKey;
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

class PrivateKey {
 public:
  static PrivateKey generate(Alg alg);
  // Nullopt for what is not one whole key of a kind that PublicKey takes.
  static std::optional<PrivateKey> from_der(Bytes pkcs8);
  // The same of a PEM text without a passphrase, as vendors hand out their keys (.p8, service accounts).
  static std::optional<PrivateKey> from_pem(std::string_view pem);

  [[nodiscard]] Buffer der() const;  // PKCS #8
  [[nodiscard]] Alg alg() const;     // RS256 or ES256
  [[nodiscard]] Jwk jwk() const;
  [[nodiscard]] PublicKey public_key() const { return PublicKey(key_); }
  [[nodiscard]] Buffer sign(Bytes message) const { return sign(alg(), message); }
  // `alg` must be one of the key's type.
  [[nodiscard]] Buffer sign(Alg alg, Bytes message) const;
  // P-256: of its public half.
  [[nodiscard]] Buffer point() const { return public_key().point(); }
  // P-256: what both sides can compute (ECDH, NIST SP 800-56A §5.7.1.2), 32 bytes.
  [[nodiscard]] Buffer agree(const PublicKey& with) const;

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace hg::crypto
