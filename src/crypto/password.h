// People's passwords: argon2id (RFC 9106), 19 MiB, two passes. Slow on purpose: never on a network loop.
#pragma once

#include <string>
#include <string_view>

namespace hg::crypto {

std::string hash_password(std::string_view password);  // the encoded form, with its salt
bool verify_password(std::string_view encoded, std::string_view password);
// Costs what verifying costs, and is false: for users that are not there.
bool verify_against_nothing(std::string_view password);

}  // namespace hg::crypto
