#include "crypto/passphrase.h"

#include <argon2.h>

#include <stdexcept>

namespace hg::crypto {

namespace {

constexpr std::uint32_t kPasses = 3;
constexpr std::uint32_t kKibibytes = 64 * 1024;
constexpr std::uint32_t kLanes = 1;

}  // namespace

SealingKey key_of_passphrase(std::string_view passphrase, Bytes salt) {
  Buffer key(SealingKey::kSize);
  const int result = argon2id_hash_raw(kPasses, kKibibytes, kLanes, passphrase.data(), passphrase.size(), salt.data(),
                                       salt.size(), key.data(), key.size());
  if (result != ARGON2_OK) throw std::runtime_error(argon2_error_message(result));
  return *SealingKey::from_bytes(key);
}

}  // namespace hg::crypto
