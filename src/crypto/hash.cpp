#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

// Fetching costs more than hashing: once a process.
EVP_MD* sha256_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

EVP_KDF* hkdf_algorithm() {
  static EVP_KDF* const algorithm = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  return algorithm;
}

using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>>;

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
  const Digest mac = hash({outer, digest});
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return mac;
}

Buffer hkdf_sha256(Bytes key, Bytes salt, Bytes info, std::size_t length) {
  const KdfContext ctx(EVP_KDF_CTX_new(hkdf_algorithm()));
  char digest[] = "SHA256";
  // OpenSSL's parameters are not const, though it only reads them.
  // It refuses a null pointer even where the size is zero.
  const auto octets = [](const char* name, Bytes value) {
    static std::byte nothing{};
    return OSSL_PARAM_construct_octet_string(name, value.empty() ? &nothing : const_cast<std::byte*>(value.data()),
                                             value.size());
  };
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                               octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, salt),
                               octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  Buffer out(length);
  check(EVP_KDF_derive(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), length, params), "HKDF");
  return out;
}

bool equal(Bytes a, Bytes b) { return a.size() == b.size() && CRYPTO_memcmp(raw(a), raw(b), a.size()) == 0; }

void fill_random(std::span<std::byte> out) {
  check(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())), "random bytes");
}

Buffer random_bytes(std::size_t count) {
  Buffer out(count);
  fill_random(out);
  return out;
}

Guid random_guid() {
  // Drawn for many at once: every request takes one, and each draw is a system call. Ids are no secrets.
  thread_local std::array<std::byte, 64 * sizeof(Guid)> drawn;
  thread_local std::size_t left = 0;
  if (left == 0) {
    fill_random(drawn);
    left = drawn.size();
  }
  Guid guid;
  left -= guid.bytes.size();
  std::copy_n(drawn.begin() + static_cast<std::ptrdiff_t>(left), guid.bytes.size(), guid.bytes.begin());
  guid.bytes[6] = (guid.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  guid.bytes[8] = (guid.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return guid;
}

std::string random_token(std::size_t bytes) { return base64url(random_bytes(bytes)); }

}  // namespace hg::crypto
