// A key out of a passphrase, for what leaves the deployment and must be opened where nothing else is left: argon2id
// (RFC 9106), 64 MiB, three passes. Slow on purpose.
#pragma once

#include <string_view>

#include "crypto/seal.h"

namespace hg::crypto {

inline constexpr std::size_t kPassphraseSalt = 16;

// The same passphrase and salt make the same key. `salt` is kPassphraseSalt bytes.
SealingKey key_of_passphrase(std::string_view passphrase, Bytes salt);

}  // namespace hg::crypto
