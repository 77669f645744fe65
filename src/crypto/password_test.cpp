#include <gtest/gtest.h>

#include <string>

#include "crypto/password.h"

namespace hg::crypto {
namespace {

TEST(Password, verifies_itself_alone) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct house"));
  EXPECT_FALSE(verify_against_nothing("correct horse"));
}

TEST(Password, hashes_of_the_same_differ_by_their_salt) { EXPECT_NE(hash_password("x"), hash_password("x")); }

TEST(Password, is_compared_whole) {
  const std::string with_nul("a\0b", 3);
  const std::string hash = hash_password(with_nul);
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_TRUE(verify_password(hash, with_nul));
  EXPECT_FALSE(verify_password(hash, "a"));
  EXPECT_TRUE(verify_password(hash_password(""), ""));
}

TEST(Password, what_is_no_hash_verifies_nothing) {
  for (const char* broken : {"", "x", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"})
    EXPECT_FALSE(verify_password(broken, "x")) << broken;
}

}  // namespace
}  // namespace hg::crypto
