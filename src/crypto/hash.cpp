#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>

#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

// Fetching costs more than hashing: once a process.
EVP_MD* sha256_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

constexpr std::size_t kBlock = 64;

// One context a thread: a hash is short and never waits.
EVP_MD_CTX* context() {
  thread_local const MdContext instance(EVP_MD_CTX_new());
  return instance.get();
}

Digest hash(std::initializer_list<Bytes> pieces) {
  EVP_MD_CTX* ctx = context();
  Digest digest;
  check(EVP_DigestInit_ex2(ctx, sha256_algorithm(), nullptr), "SHA-256");
  for (const Bytes piece : pieces) check(EVP_DigestUpdate(ctx, piece.data(), piece.size()), "SHA-256");
  check(EVP_DigestFinal_ex(ctx, reinterpret_cast<unsigned char*>(digest.data()), nullptr), "SHA-256");
  return digest;
}

}  // namespace

Digest sha256(Bytes data) { return hash({data}); }

Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces) {
  std::array<std::byte, kBlock> inner{};
  std::array<std::byte, kBlock> outer{};
  if (key.size() > kBlock) {
    const Digest digest = sha256(key);
    std::ranges::copy(digest, inner.begin());
  } else {
    std::ranges::copy(key, inner.begin());
  }
  for (std::size_t i = 0; i < kBlock; ++i) {
    outer[i] = inner[i] ^ std::byte{0x5c};
    inner[i] ^= std::byte{0x36};
  }
  EVP_MD_CTX* ctx = context();
  Digest digest;
  check(EVP_DigestInit_ex2(ctx, sha256_algorithm(), nullptr), "HMAC");
  check(EVP_DigestUpdate(ctx, inner.data(), inner.size()), "HMAC");
  for (const Bytes piece : pieces) check(EVP_DigestUpdate(ctx, piece.data(), piece.size()), "HMAC");
  check(EVP_DigestFinal_ex(ctx, reinterpret_cast<unsigned char*>(digest.data()), nullptr), "HMAC");
  return hash({outer, digest});
}

Buffer hkdf_sha256(Bytes key, std::string_view info, std::size_t length) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> ctx(EVP_KDF_CTX_new(kdf), &EVP_KDF_CTX_free);
  EVP_KDF_free(kdf);
  char digest[] = "SHA256";
  // OpenSSL's parameters are not const, though it only reads them.
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<std::byte*>(key.data()), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(info.data()), info.size()),
      OSSL_PARAM_construct_end()};
  Buffer out(length);
  check(EVP_KDF_derive(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), length, params), "HKDF");
  return out;
}

bool equal(Bytes a, Bytes b) { return a.size() == b.size() && CRYPTO_memcmp(raw(a), raw(b), a.size()) == 0; }

Buffer random_bytes(std::size_t count) {
  Buffer out(count);
  check(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)), "random bytes");
  return out;
}

Guid random_guid() {
  const Buffer bytes = random_bytes(16);
  Guid guid = Guid::v8(bytes);
  guid.bytes[6] = (guid.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  return guid;
}

std::string random_token(std::size_t bytes) { return base64url(random_bytes(bytes)); }

}  // namespace hg::crypto
