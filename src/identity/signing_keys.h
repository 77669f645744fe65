// The keys that sign tokens, as they are made and kept.
#pragma once

#include <string_view>

#include "crypto/keys.h"
#include "crypto/seal.h"
#include "store/keys.h"

namespace hg::identity {

// What their private halves are sealed for, each under its kid.
inline constexpr std::string_view kSigningKeys = "signing keys";

// A new key in the state `next`; for RSA making `signing` takes a while.
store::SigningKey make_signing_key(const crypto::SealingKey& key, const crypto::PrivateKey& signing, Time now);

}  // namespace hg::identity
