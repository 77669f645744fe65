// Hashes, keyed hashes, random bytes (OpenSSL 3). All thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/id.h"

namespace hg::crypto {

using Digest = std::array<std::byte, 32>;

Digest sha256(Bytes data);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }
// RFC 2104; several pieces are authenticated as if they stood in one.
Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces);
// RFC 5869: `length` bytes, at most 8160.
Buffer hkdf_sha256(Bytes key, Bytes salt, Bytes info, std::size_t length);
inline Buffer hkdf_sha256(Bytes key, std::string_view info, std::size_t length) {
  return hkdf_sha256(key, {}, as_bytes(info), length);
}

// In a time that tells nothing of where they differ.
bool equal(Bytes a, Bytes b);

void fill_random(std::span<std::byte> out);
Buffer random_bytes(std::size_t count);
Guid random_guid();                                // version 4
std::string random_token(std::size_t bytes = 32);  // base64url

}  // namespace hg::crypto
