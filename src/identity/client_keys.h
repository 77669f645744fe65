// The keys that applications register to sign with in place of a secret.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "crypto/keys.h"
#include "store/applications.h"

namespace hg::identity {

std::optional<crypto::PublicKey> public_key_of(store::ApplicationKey::Kind kind, const std::string& material);

// What is to be stored of it: the public half, and nothing else of what came with it. Code::property_invalid for a
// private key, one of another kind than RSA (2048 bits or more) and P-256, and a certificate that has expired.
Result<store::ApplicationKey> read_client_key(store::ApplicationKey::Kind kind, const std::string& material, Time now);

}  // namespace hg::identity
