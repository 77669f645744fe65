#include "crypto/vapid.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/jwt.h"

namespace hg::crypto {
namespace {

constexpr Time kNow = from_ms(1'800'000'000'000);
using std::chrono::hours;

std::string signed_with(const PrivateKey& key, std::string_view claims, const PrivateKey& named) {
  return "vapid t=" + sign_jwt(key, "", "JWT", claims) + ", k=" + base64url(named.point());
}

TEST(Vapid, says_who_sends_to_which_service_and_until_when) {
  Vapid vapid(PrivateKey::generate(Alg::es256), "mailto:ops@contoso.example");

  const auto claims = verify_vapid(vapid.authorization("https://push.example", kNow));

  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->audience, "https://push.example");
  EXPECT_EQ(claims->subject, "mailto:ops@contoso.example");
  EXPECT_EQ(claims->public_key, vapid.public_key());
  EXPECT_GT(claims->expires, kNow + hours(1));
  EXPECT_LT(claims->expires, kNow + kMaxVapidLife);
}

TEST(Vapid, signs_once_for_each_service_until_it_must_again) {
  Vapid vapid(PrivateKey::generate(Alg::es256), "mailto:ops@contoso.example");
  const std::string first = vapid.authorization("https://push.example", kNow);

  EXPECT_EQ(vapid.authorization("https://push.example", kNow + hours(9)), first);
  EXPECT_NE(vapid.authorization("https://other.example", kNow), first);
  const std::string later = vapid.authorization("https://push.example", kNow + hours(11));
  EXPECT_NE(later, first);
  EXPECT_GT(verify_vapid(later)->expires, verify_vapid(first)->expires);
}

// RFC 8292 §2.4
TEST(Vapid, reads_the_published_example) {
  const auto claims = verify_vapid(
      "vapid "
      "t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1Y"
      "iI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_"
      "HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9"
      "OkSSHzvoD1oA, "
      "k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs");

  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->audience, "https://push.example.net");
  EXPECT_EQ(claims->subject, "mailto:push@example.com");
  EXPECT_EQ(claims->expires, from_ms(1'453'523'768'000));
}

TEST(Vapid, of_another_key_or_without_its_claims_is_refused) {
  const PrivateKey key = PrivateKey::generate(Alg::es256), other = PrivateKey::generate(Alg::es256);
  const std::string_view good = R"({"aud":"https://push.example","exp":1800000000})";

  EXPECT_TRUE(verify_vapid(signed_with(key, good, key)));
  EXPECT_FALSE(verify_vapid(signed_with(key, good, other)));
  EXPECT_FALSE(verify_vapid(signed_with(key, R"({"exp":1800000000})", key)));
  EXPECT_FALSE(verify_vapid(signed_with(key, R"({"aud":"https://push.example"})", key)));
  EXPECT_FALSE(verify_vapid(signed_with(key, R"({"aud":"https://push.example","exp":"1800000000"})", key)));
  EXPECT_FALSE(verify_vapid(signed_with(key, R"({"aud":"https://push.example","exp":1e300})", key)));
  EXPECT_FALSE(verify_vapid("vapid t=, k="));
  EXPECT_FALSE(verify_vapid("Bearer x"));
  EXPECT_FALSE(verify_vapid(""));
  const std::string token = sign_jwt(PrivateKey::generate(Alg::rs256), "", "JWT", good);
  EXPECT_FALSE(verify_vapid("vapid t=" + token + ", k=" + base64url(key.point())));
}

}  // namespace
}  // namespace hg::crypto
