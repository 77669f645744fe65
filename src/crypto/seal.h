// Sealing: what is stored or handed out so that only this deployment can read it.
#pragma once

#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "base/id.h"

namespace hg::crypto {

// The deployment's key, or one derived from it for a purpose: 32 bytes. Copies are cheap; thread-safe.
class SealingKey {
 public:
  static constexpr std::size_t kSize = 32;

  static SealingKey generate();
  static std::optional<SealingKey> from_bytes(Bytes raw);

  [[nodiscard]] Bytes bytes() const { return key_; }
  // Tells this key from others, and nothing of it; stands in all that seal() makes.
  [[nodiscard]] std::byte id() const { return id_; }
  // HKDF: what is derived for one purpose tells nothing of another's.
  [[nodiscard]] SealingKey subkey(std::string_view purpose) const;

  // AES-256-GCM under a random nonce: format, key id, nonce, tag, sealed. `associated` binds it to its place; opening
  // elsewhere, or after any change, is nullopt.
  [[nodiscard]] Buffer seal(Bytes associated, Bytes clear) const;
  [[nodiscard]] std::optional<Buffer> open(Bytes associated, Bytes sealed) const;

  // AES-256-SIV (RFC 5297): the same text always seals to the same bytes: tag of 16, sealed. `clear` must not be empty.
  [[nodiscard]] Buffer seal_siv(Bytes associated, Bytes clear) const;
  [[nodiscard]] std::optional<Buffer> open_siv(Bytes associated, Bytes sealed) const;

 private:
  explicit SealingKey(Buffer key);
  Buffer key_;
  Buffer siv_key_;  // 64 bytes, derived
  std::byte id_;
};

}  // namespace hg::crypto
