#include "crypto/passphrase.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::crypto {
namespace {

TEST(Passphrase, makes_the_same_key_again_and_another_with_another_salt_or_passphrase) {
  const Buffer salt(kPassphraseSalt, std::byte{7});
  const Buffer other(kPassphraseSalt, std::byte{8});
  const SealingKey key = key_of_passphrase("correct horse", salt);
  EXPECT_TRUE(equal(key.bytes(), key_of_passphrase("correct horse", salt).bytes()));
  EXPECT_FALSE(equal(key.bytes(), key_of_passphrase("correct horse", other).bytes()));
  EXPECT_FALSE(equal(key.bytes(), key_of_passphrase("correct horsf", salt).bytes()));
}

}  // namespace
}  // namespace hg::crypto
