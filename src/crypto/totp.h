// One-time passwords by time (RFC 6238): HMAC-SHA-1, 30 seconds, six digits, as every authenticator app reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/time.h"

namespace hg::crypto {

Buffer make_totp_seed();        // 160 bits
std::string base32(Bytes raw);  // RFC 4648 §6, without padding
// What an authenticator app scans or opens.
std::string totp_uri(Bytes seed, std::string_view issuer, std::string_view account);

std::string totp(Bytes seed, std::int64_t step);
// The step that `password` is of: the present one or a neighbour, for clocks differ; nullopt: of none of them.
std::optional<std::int64_t> totp_step(Bytes seed, std::string_view password, Time now);

}  // namespace hg::crypto
