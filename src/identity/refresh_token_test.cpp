#include "identity/refresh_token.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::identity {
namespace {

TEST(RefreshToken, is_read_again_as_it_was_written) {
  const auto key = crypto::SealingKey::generate();
  const RefreshToken token{crypto::random_guid(), 0x01020304, true};
  const auto read = read_refresh_token(write_refresh_token(token, key), key);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->family, token.family);
  EXPECT_EQ(read->generation, token.generation);
  EXPECT_TRUE(read->bound);
}

TEST(RefreshToken, the_next_one_follows_from_it) {
  const auto key = crypto::SealingKey::generate();
  const RefreshToken first{crypto::random_guid(), 0, false};
  EXPECT_EQ(write_refresh_token(first.next(), key), write_refresh_token(first.next(), key));
  EXPECT_NE(write_refresh_token(first.next(), key), write_refresh_token(first, key));
}

TEST(RefreshToken, any_changed_byte_makes_it_unknown) {
  const auto key = crypto::SealingKey::generate();
  const auto whole = from_base64url(write_refresh_token({crypto::random_guid(), 7, false}, key));
  for (std::size_t i = 0; i < whole->size(); ++i) {
    Buffer changed = *whole;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(read_refresh_token(base64url(changed), key)) << i;
  }
}

TEST(RefreshToken, another_deployments_is_unknown) {
  const auto token = write_refresh_token({crypto::random_guid(), 0, false}, crypto::SealingKey::generate());
  EXPECT_FALSE(read_refresh_token(token, crypto::SealingKey::generate()));
  for (const char* text : {"", "x", "AAAA", "not base64!"})
    EXPECT_FALSE(read_refresh_token(text, crypto::SealingKey::generate())) << text;
}

}  // namespace
}  // namespace hg::identity
