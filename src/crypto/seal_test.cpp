#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "crypto/hash.h"
#include "crypto/seal.h"

namespace hg::crypto {
namespace {

TEST(SealingKey, opens_only_what_it_sealed_and_where) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal(as_bytes("place"), as_bytes("secret"));
  EXPECT_EQ(as_text(*key.open(as_bytes("place"), sealed)), "secret");
  EXPECT_FALSE(key.open(as_bytes("elsewhere"), sealed));
  EXPECT_FALSE(SealingKey::generate().open(as_bytes("place"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Buffer broken = sealed;
    broken[i] ^= std::byte{1};
    EXPECT_FALSE(key.open(as_bytes("place"), broken)) << i;
  }
  EXPECT_NE(sealed, key.seal(as_bytes("place"), as_bytes("secret")));
}

TEST(SealingKey, siv_seals_the_same_to_the_same) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal_siv(as_bytes("unsid"), as_bytes("user, app, subscription"));
  EXPECT_EQ(sealed, key.seal_siv(as_bytes("unsid"), as_bytes("user, app, subscription")));
  EXPECT_EQ(as_text(*key.open_siv(as_bytes("unsid"), sealed)), "user, app, subscription");
  EXPECT_FALSE(key.open_siv(as_bytes("other"), sealed));
  EXPECT_FALSE(key.subkey("a").open_siv(as_bytes("unsid"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Buffer broken = sealed;
    broken[i] ^= std::byte{1};
    EXPECT_FALSE(key.open_siv(as_bytes("unsid"), broken)) << i;
  }
}

TEST(SealingKey, comes_of_thirty_two_bytes_and_goes_back_to_them) {
  const SealingKey key = SealingKey::generate();
  const auto again = SealingKey::from_bytes(key.bytes());
  ASSERT_TRUE(again);
  EXPECT_EQ(as_text(*again->open({}, key.seal({}, as_bytes("secret")))), "secret");
  EXPECT_FALSE(SealingKey::from_bytes(key.bytes().first(31)));
  EXPECT_FALSE(SealingKey::from_bytes({}));
}

TEST(SealingKey, subkeys_tell_nothing_of_each_other) {
  const SealingKey key = SealingKey::generate();
  const SealingKey one = key.subkey("one");
  EXPECT_FALSE(std::ranges::equal(one.bytes(), key.subkey("two").bytes()));
  EXPECT_FALSE(std::ranges::equal(one.bytes(), key.bytes()));
  EXPECT_TRUE(std::ranges::equal(one.bytes(), key.subkey("one").bytes()));
  EXPECT_FALSE(key.subkey("two").open({}, one.seal({}, as_bytes("secret"))));
}

TEST(SealingKey, what_it_seals_names_format_and_key) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal({}, {});
  EXPECT_EQ(sealed[0], std::byte{1});
  EXPECT_EQ(sealed[1], key.id());
  EXPECT_EQ(key.id(), SealingKey::from_bytes(key.bytes())->id());
}

TEST(SealingKey, opens_nothing_that_is_cut_short) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal({}, as_bytes("secret"));
  const Buffer same = key.seal_siv({}, as_bytes("secret"));
  for (std::size_t n = 0; n < sealed.size(); ++n) EXPECT_FALSE(key.open({}, Bytes(sealed).first(n))) << n;
  for (std::size_t n = 0; n < same.size(); ++n) EXPECT_FALSE(key.open_siv({}, Bytes(same).first(n))) << n;
}

TEST(SealingKey, every_length_goes_there_and_back) {
  const SealingKey key = SealingKey::generate();
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U}) {
    const Buffer clear = random_bytes(size);
    EXPECT_EQ(key.open(as_bytes("a"), key.seal(as_bytes("a"), clear)), clear);
    if (size > 0) EXPECT_EQ(key.open_siv(as_bytes("a"), key.seal_siv(as_bytes("a"), clear)), clear);
  }
}

// The bytes of a UNSID must outlive an update of ours, and of OpenSSL.
TEST(SealingKey, siv_seals_as_it_did_in_the_first_release) {
  Buffer raw;
  for (int i = 0; i < 32; ++i) raw.push_back(static_cast<std::byte>(i));
  const SealingKey key = SealingKey::from_bytes(raw)->subkey("unsid");
  EXPECT_EQ(hex(key.seal_siv(as_bytes("place"), as_bytes("user, app, subscription"))),
            "82c739462600ae096ed8b20a0b8f90ec489401e24df3fbf6fb9e6957eef9ead89ecf509add0fdd");
}

TEST(SealingKey, is_used_by_several_threads) {
  const SealingKey key = SealingKey::generate();
  const Buffer same = key.seal_siv(as_bytes("a"), as_bytes("b"));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(key.seal_siv(as_bytes("a"), as_bytes("b")), same);
        EXPECT_TRUE(key.open_siv(as_bytes("a"), same));
        EXPECT_TRUE(key.open(as_bytes("a"), key.seal(as_bytes("a"), as_bytes("b"))));
      }
    });
}

}  // namespace
}  // namespace hg::crypto
