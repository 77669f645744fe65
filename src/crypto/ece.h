// Encrypted content encoding: aes128gcm (RFC 8188), and Web Push messages in it (RFC 8291). Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "crypto/keys.h"

namespace hg::crypto {

inline constexpr std::uint32_t kRecordSize = 4096;

// RFC 8188: `clear` in records of `record_size` (18 at least) under keys derived from `keying` and `salt` (16 bytes);
// the header names them by `key_id` (255 bytes at the most).
Buffer seal_aes128gcm(Bytes keying, Bytes salt, Bytes key_id, Bytes clear, std::uint32_t record_size = kRecordSize);
// Nullopt for what is cut short, changed, of a record size under 18, or sealed under other keys.
std::optional<Buffer> open_aes128gcm(Bytes keying, Bytes body);

// What encryption adds to a Web Push message: header with the sender's key, padding delimiter, tag.
inline constexpr std::size_t kPushOverhead = 16 + 4 + 1 + 65 + 1 + 16;

// To whom a Web Push message goes: the keys of a PushSubscription.
struct PushKeys {
  Buffer point;   // of P-256, uncompressed: 65 bytes
  Buffer secret;  // 16 bytes

  // As the browser gives them: p256dh and auth in base64url. Nullopt for a point off the curve, and other sizes.
  static std::optional<PushKeys> parse(std::string_view p256dh, std::string_view auth);
};

// RFC 8291: one record, from a key pair that is used this once.
Buffer encrypt_push(const PushKeys& to, Bytes clear);
// With `sender` and `salt` (16 bytes) of the caller's: what the RFC's example is checked by.
Buffer encrypt_push(const PushKeys& to, Bytes clear, const PrivateKey& sender, Bytes salt);
// The user agent's side. Nullopt too for more than one record (§4).
std::optional<Buffer> decrypt_push(const PrivateKey& receiver, Bytes secret, Bytes body);

}  // namespace hg::crypto
