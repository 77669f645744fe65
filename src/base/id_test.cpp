#include <gtest/gtest.h>

#include "base/id.h"

namespace hg {
namespace {

TEST(Guid, is_read_in_either_case_and_written_in_lower) {
  const auto guid = Guid::parse("119081F2-12ab-4cde-8f01-0123456789AB");
  ASSERT_TRUE(guid);
  EXPECT_EQ(guid->str(), "119081f2-12ab-4cde-8f01-0123456789ab");
  for (const char* wrong :
       {"", "119081F2", "119081F2-12ab-4cde-8f01-0123456789AG", "119081F2+12ab-4cde-8f01-0123456789AB"})
    EXPECT_FALSE(Guid::parse(wrong)) << wrong;
}

TEST(Guid, its_top_fourteen_bits_are_the_shard) {
  EXPECT_EQ(shard_of(*Guid::parse("ffffffff-0000-0000-0000-000000000000")), 16383);
  EXPECT_EQ(shard_of(*Guid::parse("00040000-0000-0000-0000-000000000000")), 1);
}

TEST(Guid, braces_are_taken_off_and_other_shapes_refused) {
  const auto guid = Guid::parse("{119081f2-12ab-4cde-8f01-0123456789ab}");
  ASSERT_TRUE(guid);
  EXPECT_EQ(guid->str(), "119081f2-12ab-4cde-8f01-0123456789ab");
  for (const char* wrong : {"{119081f2-12ab-4cde-8f01-0123456789ab", "(119081f2-12ab-4cde-8f01-0123456789ab)",
                            "119081f212ab4cde8f010123456789ab", " 119081f2-12ab-4cde-8f01-0123456789ab",
                            "119081f2-12ab-4cde-8f01-0123456789ab\n", "119081f2-12ab-4cde-8f01-0123456789a-"})
    EXPECT_FALSE(Guid::parse(wrong)) << wrong;
}

TEST(Guid, is_made_of_sixteen_bytes_exactly) {
  const std::array<std::byte, 17> bytes{std::byte{0xab}};
  ASSERT_TRUE(Guid::from_bytes(Bytes(bytes).first(16)));
  EXPECT_EQ(Guid::from_bytes(Bytes(bytes).first(16))->str(), "ab000000-0000-0000-0000-000000000000");
  EXPECT_FALSE(Guid::from_bytes(Bytes(bytes).first(15)));
  EXPECT_FALSE(Guid::from_bytes(bytes));
}

TEST(Guid, one_made_of_a_name_is_marked_as_version_eight) {
  std::array<std::byte, 32> digest;
  digest.fill(std::byte{0xff});
  EXPECT_EQ(Guid::v8(digest).str(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

TEST(FeedKey, its_hash_tells_user_and_app_apart) {
  const Guid one = *Guid::parse("00000000-0000-0000-0000-000000000001");
  const Guid two = *Guid::parse("00000000-0000-0000-0000-000000000002");
  const std::hash<FeedKey> hash;
  EXPECT_NE(hash({UserId{one}, AppId{two}}), hash({UserId{two}, AppId{one}}));
  EXPECT_EQ(hash({UserId{one}, AppId{two}}), hash({UserId{one}, AppId{two}}));
}

}  // namespace
}  // namespace hg
