#include "crypto/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <stdexcept>

#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr std::size_t kCoordinate = 32;
constexpr std::byte kUncompressed{4};
constexpr int kLeastModulus = 2048;
constexpr int kMostModulus = 8192;  // a verification costs with the square of it
constexpr int kMostExponent = 64;
constexpr const char* kP256 = "prime256v1";

using Big = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

std::shared_ptr<EVP_PKEY> share(EVP_PKEY* key) {
  return key == nullptr ? nullptr : std::shared_ptr<EVP_PKEY>(key, Freer<EVP_PKEY_free>{});
}

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(Buffer& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

Big big(std::string_view base64url_text) {
  const auto bytes = from_base64url(base64url_text);
  if (!bytes || bytes->empty() || bytes->size() > kMostModulus / 8) return nullptr;
  return Big(BN_bin2bn(raw(*bytes), static_cast<int>(bytes->size()), nullptr));
}

Big member(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  check(EVP_PKEY_get_bn_param(key, name, &number), "reading a key");
  return Big(number);
}

// With an exponent of 1 everybody could sign.
bool acceptable_rsa(const BIGNUM* modulus, const BIGNUM* exponent) {
  const int bits = BN_num_bits(modulus);
  return bits >= kLeastModulus && bits <= kMostModulus && BN_is_odd(modulus) == 1 && BN_is_odd(exponent) == 1 &&
         BN_is_one(exponent) == 0 && BN_num_bits(exponent) <= kMostExponent;
}

bool on_p256(EVP_PKEY* key) {
  char group[32] = {};
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) != 1 ||
      std::string_view(group) != kP256)
    return false;
  // On the curve is enough: its order is prime, so there are no small subgroups to be led into.
  const KeyContext ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return EVP_PKEY_public_check_quick(ctx.get()) == 1;
}

// Of a kind that tokens are signed with: RS256, PS256 or ES256.
bool acceptable(EVP_PKEY* key) {
  bool good = false;
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    good = acceptable_rsa(member(key, OSSL_PKEY_PARAM_RSA_N).get(), member(key, OSSL_PKEY_PARAM_RSA_E).get());
  } else if (EVP_PKEY_is_a(key, "EC") == 1) {
    good = on_p256(key);
  }
  ERR_clear_error();
  return good;
}

std::string text_of(const EVP_PKEY* key, const char* name, std::size_t width = 0) {
  const Big number = member(key, name);
  Buffer bytes(width > 0 ? width : static_cast<std::size_t>(BN_num_bytes(number.get())));
  check(BN_bn2binpad(number.get(), raw(bytes), static_cast<int>(bytes.size())) >= 0 ? 1 : 0, "reading a key");
  return base64url(bytes);
}

std::shared_ptr<EVP_PKEY> from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return share(key);
}

std::shared_ptr<EVP_PKEY> rsa_from(const Jwk& jwk) {
  const Big n = big(jwk.n);
  const Big e = big(jwk.e);
  if (!n || !e || !acceptable_rsa(n.get(), e.get())) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return from_params("RSA", builder.get());
}

std::shared_ptr<EVP_PKEY> ec_from(Bytes point) {
  if (point.size() != 1 + 2 * kCoordinate || point.front() != kUncompressed) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kP256, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  auto key = from_params("EC", builder.get());
  return key && acceptable(key.get()) ? key : nullptr;
}

std::shared_ptr<EVP_PKEY> ec_from(const Jwk& jwk) {
  const auto x = from_base64url(jwk.x);
  const auto y = from_base64url(jwk.y);
  if (jwk.crv != "P-256" || !x || !y || x->size() != kCoordinate || y->size() != kCoordinate) return nullptr;
  Buffer point{kUncompressed};
  point.insert(point.end(), x->begin(), x->end());
  point.insert(point.end(), y->begin(), y->end());
  return ec_from(point);
}

// JOSE writes r and s side by side (RFC 7518 §3.4), OpenSSL as DER.
std::optional<Buffer> der_signature(Bytes joined) {
  if (joined.size() != 2 * kCoordinate) return std::nullopt;
  const EcdsaSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(raw(joined), kCoordinate, nullptr);
  BIGNUM* s = BN_bin2bn(raw(joined.subspan(kCoordinate)), kCoordinate, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s);
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length <= 0) return std::nullopt;
  const auto* begin = reinterpret_cast<const std::byte*>(der);
  Buffer out(begin, begin + length);
  OPENSSL_free(der);
  return out;
}

Buffer joined_signature(const Buffer& der) {
  const unsigned char* at = raw(Bytes(der));
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Buffer out(2 * kCoordinate);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw(out), kCoordinate);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw(out) + kCoordinate, kCoordinate);
  return out;
}

bool fits(Alg alg, const EVP_PKEY* key) { return EVP_PKEY_is_a(key, alg == Alg::es256 ? "EC" : "RSA") == 1; }

// RFC 7518 §3.5: PSS with a salt as long as the hash.
void set_padding(Alg alg, EVP_PKEY_CTX* ctx) {
  if (alg != Alg::ps256) return;
  check(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), "choosing PSS");
  check(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), "choosing PSS");
}

}  // namespace

std::string_view name(Alg alg) {
  switch (alg) {
    case Alg::rs256:
      return "RS256";
    case Alg::es256:
      return "ES256";
    case Alg::ps256:
      return "PS256";
  }
  throw std::logic_error("an algorithm without a name");
}

std::optional<Alg> parse_alg(std::string_view text) {
  for (const Alg alg : {Alg::rs256, Alg::es256, Alg::ps256})
    if (text == name(alg)) return alg;
  return std::nullopt;
}

std::optional<PublicKey> PublicKey::from_jwk(const Jwk& jwk) {
  auto key = jwk.kty == "RSA" ? rsa_from(jwk) : jwk.kty == "EC" ? ec_from(jwk) : nullptr;
  if (!key) return std::nullopt;
  return PublicKey(std::move(key));
}

std::optional<PublicKey> PublicKey::from_certificate(std::string_view pem) {
  const X509Ptr certificate = read_certificate(pem);
  if (!certificate) return std::nullopt;
  auto key = share(X509_get_pubkey(certificate.get()));
  ERR_clear_error();
  if (!key || !acceptable(key.get())) return std::nullopt;
  return PublicKey(std::move(key));
}

std::optional<PublicKey> PublicKey::from_point(Bytes point) {
  auto key = ec_from(point);
  if (!key) return std::nullopt;
  return PublicKey(std::move(key));
}

// From the coordinates: the encoded form may be a compressed point, where the key was read so.
Buffer PublicKey::point() const {
  Buffer out(1 + 2 * kCoordinate, kUncompressed);
  std::size_t at = 1;
  for (const char* coordinate : {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y}) {
    const Big number = member(key_.get(), coordinate);
    BN_bn2binpad(number.get(), raw(out) + at, kCoordinate);
    at += kCoordinate;
  }
  return out;
}

bool PublicKey::verify(Alg alg, Bytes message, Bytes signature) const {
  if (!fits(alg, key_.get())) return false;
  std::optional<Buffer> der;
  if (alg == Alg::es256) {
    der = der_signature(signature);
    if (!der) return false;
    signature = *der;
  }
  const MdContext ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  check(EVP_DigestVerifyInit_ex(ctx.get(), &settings, "SHA256", nullptr, nullptr, key_.get(), nullptr), "verifying");
  set_padding(alg, settings);
  const bool good = EVP_DigestVerify(ctx.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

PrivateKey PrivateKey::generate(Alg alg) {
  EVP_PKEY* key = alg == Alg::es256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kLeastModulus});
  check(key != nullptr ? 1 : 0, "making a key");
  return PrivateKey(share(key));
}

std::optional<PrivateKey> PrivateKey::from_der(Bytes pkcs8) {
  const unsigned char* at = raw(pkcs8);
  auto key = share(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8.size())));
  ERR_clear_error();
  if (!key || at != raw(pkcs8) + pkcs8.size() || !acceptable(key.get())) return std::nullopt;
  return PrivateKey(std::move(key));
}

std::optional<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Without a callback an encrypted text would make OpenSSL ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  auto key = share(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key || !acceptable(key.get())) return std::nullopt;
  return PrivateKey(std::move(key));
}

Buffer PrivateKey::der() const {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key_.get()));
  unsigned char* bytes = nullptr;
  const int length = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &bytes);
  check(length > 0 ? 1 : 0, "writing a key");
  const auto* begin = reinterpret_cast<const std::byte*>(bytes);
  Buffer out(begin, begin + length);
  OPENSSL_clear_free(bytes, static_cast<std::size_t>(length));
  return out;
}

Alg PrivateKey::alg() const { return EVP_PKEY_is_a(key_.get(), "RSA") == 1 ? Alg::rs256 : Alg::es256; }

Jwk PrivateKey::jwk() const {
  if (alg() == Alg::rs256)
    return {"RSA", text_of(key_.get(), OSSL_PKEY_PARAM_RSA_N), text_of(key_.get(), OSSL_PKEY_PARAM_RSA_E), "", "", ""};
  return {"EC",
          "",
          "",
          "P-256",
          text_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, kCoordinate),
          text_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinate)};
}

Buffer PrivateKey::sign(Alg alg, Bytes message) const {
  if (!fits(alg, key_.get())) throw std::logic_error("the key is not of the algorithm's type");
  const MdContext ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* settings = nullptr;
  check(EVP_DigestSignInit_ex(ctx.get(), &settings, "SHA256", nullptr, nullptr, key_.get(), nullptr), "signing");
  set_padding(alg, settings);
  std::size_t length = 0;
  check(EVP_DigestSign(ctx.get(), nullptr, &length, raw(message), message.size()), "signing");
  Buffer signature(length);
  check(EVP_DigestSign(ctx.get(), raw(signature), &length, raw(message), message.size()), "signing");
  signature.resize(length);
  return alg == Alg::es256 ? joined_signature(signature) : signature;
}

Buffer PrivateKey::agree(const PublicKey& with) const {
  const KeyContext ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  check(EVP_PKEY_derive_init(ctx.get()), "agreeing on a key");
  // Whoever made `with` has checked that it lies on the curve.
  check(EVP_PKEY_derive_set_peer_ex(ctx.get(), with.key_.get(), 0), "agreeing on a key");
  Buffer shared(kCoordinate);
  std::size_t length = shared.size();
  check(EVP_PKEY_derive(ctx.get(), raw(shared), &length), "agreeing on a key");
  return shared;
}

}  // namespace hg::crypto
