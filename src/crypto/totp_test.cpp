#include "crypto/totp.h"

#include <gtest/gtest.h>

namespace hg::crypto {
namespace {

constexpr std::string_view kSeedText = "12345678901234567890";  // RFC 6238 appendix B

TEST(Totp, is_that_of_rfc_6238) {
  const Bytes seed = as_bytes(kSeedText);
  for (const auto& [seconds, password] :
       {std::pair(59LL, "287082"), std::pair(1111111109LL, "081804"), std::pair(1111111111LL, "050471"),
        std::pair(1234567890LL, "005924"), std::pair(2000000000LL, "279037"), std::pair(20000000000LL, "353130")})
    EXPECT_EQ(totp(seed, seconds / 30), password) << seconds;
}

TEST(Totp, is_good_for_its_step_and_its_neighbours) {
  const Bytes seed = as_bytes(kSeedText);
  const Time now = from_ms(1'111'111'109'000);
  const std::int64_t step = 1'111'111'109 / 30;
  for (const std::int64_t near : {step - 1, step, step + 1}) EXPECT_EQ(totp_step(seed, totp(seed, near), now), near);
  for (const std::int64_t far : {step - 2, step + 2}) EXPECT_FALSE(totp_step(seed, totp(seed, far), now));
  for (const char* wrong : {"", "0", "81804", "0818040", "abcdef"}) EXPECT_FALSE(totp_step(seed, wrong, now)) << wrong;
}

TEST(Totp, seeds_are_written_in_base_32) {
  EXPECT_EQ(base32(as_bytes("foobar")), "MZXW6YTBOI");
  EXPECT_EQ(base32(as_bytes("f")), "MY");
  EXPECT_EQ(base32(as_bytes(kSeedText)), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  EXPECT_EQ(totp_uri(as_bytes("foobar"), "A B", "a@b"), "otpauth://totp/A%20B:a%40b?secret=MZXW6YTBOI&issuer=A%20B");
}

}  // namespace
}  // namespace hg::crypto
