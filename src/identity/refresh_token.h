// Refresh tokens: which family, the how-manieth of it, and a MAC that only this deployment makes. So one that was used
// long ago is told from one that never was, while nothing is kept but the hash of the present one; and whoever repeats
// the last exchange gets the same token again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "crypto/seal.h"

namespace hg::identity {

struct RefreshToken {
  Guid family;
  std::uint32_t generation = 0;
  bool bound = false;  // to the client's secret: it was redeemed with one, and so it has to be again

  [[nodiscard]] RefreshToken next() const { return {family, generation + 1, bound}; }
};

std::string write_refresh_token(const RefreshToken& token, const crypto::SealingKey& key);
// Nullopt for what was never issued here.
std::optional<RefreshToken> read_refresh_token(std::string_view text, const crypto::SealingKey& key);

}  // namespace hg::identity
