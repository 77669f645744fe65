#include "crypto/ecdh.h"

#include <gtest/gtest.h>

#include "crypto/keys.h"

namespace hg::crypto {
namespace {

TEST(AgreeOnce, computes_what_the_other_side_computes) {
  const auto other = PrivateKey::generate(Alg::es256);
  for (int i = 0; i < 20; ++i) {
    const auto agreed = agree_once(other.point());
    const auto mine = PublicKey::from_point(agreed.point);
    ASSERT_TRUE(mine);
    EXPECT_EQ(other.agree(*mine), agreed.shared);
  }
}

TEST(AgreeOnce, uses_another_pair_each_time) {
  const auto other = PrivateKey::generate(Alg::es256).point();
  EXPECT_NE(agree_once(other).point, agree_once(other).point);
}

TEST(OnP256, takes_uncompressed_points_of_the_curve_alone) {
  const Buffer good = PrivateKey::generate(Alg::es256).point();
  EXPECT_TRUE(on_p256(good));
  Buffer off = good;
  off.back() ^= std::byte{1};
  EXPECT_FALSE(on_p256(off));
  Buffer compressed(good.begin(), good.begin() + 33);
  compressed.front() = std::byte{2};
  EXPECT_FALSE(on_p256(compressed));
  EXPECT_FALSE(on_p256(Bytes(good).first(64)));
  EXPECT_FALSE(on_p256(Buffer{std::byte{0}}));
  EXPECT_FALSE(on_p256({}));
  Buffer too_large(65, std::byte{0xff});
  too_large.front() = std::byte{4};
  EXPECT_FALSE(on_p256(too_large));
  EXPECT_THROW(agree_once(off), std::logic_error);
}

}  // namespace
}  // namespace hg::crypto
