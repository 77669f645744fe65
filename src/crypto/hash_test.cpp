#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "crypto/hash.h"

namespace hg::crypto {
namespace {

Buffer bytes_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

TEST(Hash, sha256_agrees_with_fips_180) {
  EXPECT_EQ(hex(sha256(std::string_view(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(std::string_view("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, hmac_agrees_with_rfc_4231) {
  const struct {
    Buffer key;
    Buffer data;
    const char* mac;
  } table[] = {
      {Buffer(20, std::byte{0x0b}), bytes_of("Hi There"),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {bytes_of("Jefe"), bytes_of("what do ya want for nothing?"),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Buffer(20, std::byte{0xaa}), Buffer(50, std::byte{0xdd}),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {*from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Buffer(50, std::byte{0xcd}),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Buffer(131, std::byte{0xaa}), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Buffer(131, std::byte{0xaa}),
       bytes_of("This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
                "be hashed before being used by the HMAC algorithm."),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(hex(hmac_sha256(row.key, {row.data})), row.mac);
    const Bytes data(row.data);
    EXPECT_EQ(hex(hmac_sha256(row.key, {data.first(3), {}, data.subspan(3)})), row.mac);
  }
}

TEST(Hash, hkdf_agrees_with_rfc_5869) {
  const Buffer short_key(22, std::byte{0x0b});
  EXPECT_EQ(hex(hkdf_sha256(short_key, *from_hex("000102030405060708090a0b0c"), *from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const auto counted = [](int from, int count) {
    Buffer out;
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(from + i));
    return out;
  };
  EXPECT_EQ(hex(hkdf_sha256(counted(0x00, 80), counted(0x60, 80), counted(0xb0, 80), 82)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(hex(hkdf_sha256(short_key, "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hash, bytes_are_equal_only_whole) {
  EXPECT_TRUE(equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_TRUE(equal({}, {}));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal(as_bytes("abc"), as_bytes("ab")));
}

TEST(Hash, random_ids_are_version_four_and_do_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string guid = random_guid().str();
    EXPECT_EQ(guid[14], '4');
    EXPECT_NE(std::string("89ab").find(guid[19]), std::string::npos);
    EXPECT_TRUE(seen.insert(guid).second);
  }
  EXPECT_EQ(random_token().size(), 43U);
  EXPECT_NE(random_token(), random_token());
  EXPECT_TRUE(random_bytes(0).empty());
}

TEST(Hash, threads_do_not_disturb_each_other) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      const std::string key = std::to_string(t);
      const Digest first = hmac_sha256(as_bytes(key), {as_bytes("data")});
      for (int i = 0; i < 500; ++i) EXPECT_EQ(hmac_sha256(as_bytes(key), {as_bytes("da"), as_bytes("ta")}), first);
    });
}

}  // namespace
}  // namespace hg::crypto
