#include "crypto/totp.h"

#include <fmt/format.h>
#include <openssl/hmac.h>

#include <array>

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr std::int64_t kStepMs = 30'000;
constexpr std::size_t kDigits = 6;
constexpr std::uint32_t kModulus = 1'000'000;
constexpr std::size_t kSeed = 20;

}  // namespace

Buffer make_totp_seed() { return random_bytes(kSeed); }

std::string base32(Bytes raw) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const std::byte byte : raw) {
    bits = ((bits << 8) | std::to_integer<std::uint32_t>(byte)) & 0xfff;
    for (held += 8; held >= 5; held -= 5) out += letters[(bits >> (held - 5)) & 31];
  }
  if (held > 0) out += letters[(bits << (5 - held)) & 31];
  return out;
}

std::string totp_uri(Bytes seed, std::string_view issuer, std::string_view account) {
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}", percent_encode(issuer), percent_encode(account),
                     base32(seed), percent_encode(issuer));
}

// RFC 4226 §5.3
std::string totp(Bytes seed, std::int64_t step) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter.at(7 - i) = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * i));
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int length = 0;
  check(HMAC(EVP_sha1(), seed.data(), static_cast<int>(seed.size()), counter.data(), counter.size(), mac.data(),
             &length) != nullptr
            ? 1
            : 0,
        "HMAC-SHA-1");
  const std::size_t at = mac.at(length - 1) & 0xfU;
  const std::uint32_t number = ((mac.at(at) & 0x7fU) << 24) | (static_cast<std::uint32_t>(mac.at(at + 1)) << 16) |
                               (static_cast<std::uint32_t>(mac.at(at + 2)) << 8) | mac.at(at + 3);
  return fmt::format("{:0{}}", number % kModulus, kDigits);
}

std::optional<std::int64_t> totp_step(Bytes seed, std::string_view password, Time now) {
  const std::int64_t present = to_ms(now) / kStepMs;
  std::optional<std::int64_t> found;
  for (const std::int64_t step : {present - 1, present, present + 1})
    if (equal(as_bytes(totp(seed, step)), as_bytes(password))) found = step;
  return found;
}

}  // namespace hg::crypto
