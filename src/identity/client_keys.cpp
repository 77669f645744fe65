#include "identity/client_keys.h"

#include <fmt/format.h>

#include "crypto/certificate.h"
#include "crypto/jwk.h"

namespace hg::identity {

namespace {

using Kind = store::ApplicationKey::Kind;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

// The first certificate of the text alone: a chain is of no use here.
std::string first_certificate(const std::string& pem) {
  const std::size_t begin = pem.find(kBegin);
  const std::size_t end = pem.find(kEnd, begin);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return pem.substr(begin, end + kEnd.size() - begin) + "\n";
}

Result<store::ApplicationKey> read_certificate(const std::string& material, Time now) {
  if (material.find("PRIVATE KEY") != std::string::npos)
    return fail(Code::property_invalid, "the private key is the application's alone; send the certificate only",
                "/certificate");
  const std::string pem = first_certificate(material);
  const auto facts = crypto::certificate_facts(pem);
  const auto digest = crypto::thumbprint_sha256(pem);
  if (!facts || !digest || !public_key_of(Kind::certificate, pem))
    return fail(Code::property_invalid,
                "this is no certificate in PEM with an RSA key of 2048 bits or more, or one on P-256", "/certificate");
  if (facts->not_after <= now)
    return fail(Code::property_invalid, fmt::format("the certificate ended at {}", iso(facts->not_after)),
                "/certificate");
  store::ApplicationKey key;
  key.kind = Kind::certificate;
  key.material = pem;
  key.thumbprint = as_text(*digest);
  key.expires_at = facts->not_after;
  return key;
}

Result<store::ApplicationKey> read_jwk(const std::string& material) {
  HG_TRY(const json::value value, parse_json(material));
  if (value.is_object() && (value.get_object().contains("d") || value.get_object().contains("k")))
    return fail(Code::property_invalid, "the private key is the application's alone; send the public members only",
                "/jwk");
  const crypto::Jwk jwk = crypto::jwk_of(value);
  if (!crypto::PublicKey::from_jwk(jwk))
    return fail(Code::property_invalid, "this is no JWK of an RSA key of 2048 bits or more, or of one on P-256",
                "/jwk");
  store::ApplicationKey key;
  key.kind = Kind::jwk;
  key.material = crypto::jwk_text(jwk);
  key.thumbprint = as_text(crypto::thumbprint(jwk));
  return key;
}

}  // namespace

std::optional<crypto::PublicKey> public_key_of(Kind kind, const std::string& material) {
  if (kind == Kind::certificate) return crypto::PublicKey::from_certificate(material);
  const auto value = parse_json(material);
  return value ? crypto::PublicKey::from_jwk(crypto::jwk_of(*value)) : std::nullopt;
}

Result<store::ApplicationKey> read_client_key(Kind kind, const std::string& material, Time now) {
  return kind == Kind::certificate ? read_certificate(material, now) : read_jwk(material);
}

}  // namespace hg::identity
