#include "base/inflate.h"

#include <gtest/gtest.h>
#define ZLIB_CONST
#include <zlib.h>

namespace hg {
namespace {

constexpr std::size_t kLimit = 1024;
constexpr int kGzip = 16 + MAX_WBITS, kZlib = MAX_WBITS, kRaw = -MAX_WBITS;

std::string packed(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Code code_of(const Result<std::string>& refused) {
  EXPECT_FALSE(refused);
  return refused ? Code::internal : refused.error().code;
}

TEST(Inflate, unpacks_gzip_and_both_kinds_of_deflate) {
  for (const std::string_view text : {"", "{}", "{\"title\": \"Hello, hello, hello\"}"}) {
    EXPECT_EQ(inflate(packed(text, kGzip), Packing::gzip, kLimit), text);
    EXPECT_EQ(inflate(packed(text, kZlib), Packing::deflate, kLimit), text);
    EXPECT_EQ(inflate(packed(text, kRaw), Packing::deflate, kLimit), text);
  }
}

TEST(Inflate, unpacks_what_was_not_compressed_but_only_wrapped) {
  const std::string stored("\x01\x02\x00\xfd\xff{}", 7);  // RFC 1951 §3.2.4
  EXPECT_EQ(inflate(stored, Packing::deflate, kLimit), "{}");
}

TEST(Inflate, joins_the_members_of_a_gzip) {
  EXPECT_EQ(inflate(packed("{\"a\":", kGzip) + packed("1}", kGzip), Packing::gzip, kLimit), "{\"a\":1}");
}

TEST(Inflate, stops_one_byte_beyond_the_limit) {
  const std::string fits(kLimit, 'a'), beyond(kLimit + 1, 'a');
  EXPECT_EQ(inflate(packed(fits, kGzip), Packing::gzip, kLimit), fits);
  EXPECT_EQ(code_of(inflate(packed(beyond, kGzip), Packing::gzip, kLimit)), Code::too_large);
  EXPECT_EQ(code_of(inflate(packed(beyond, kRaw), Packing::deflate, kLimit)), Code::too_large);
}

TEST(Inflate, counts_all_members_together) {
  std::string members;
  for (int i = 0; i < 5; ++i) members += packed(std::string(kLimit / 4, 'a'), kGzip);
  EXPECT_EQ(code_of(inflate(members, Packing::gzip, kLimit)), Code::too_large);
}

TEST(Inflate, a_bomb_is_left_alone_at_the_limit) {
  const auto bomb = packed(std::string(64 * 1024 * 1024, '\0'), kGzip);
  ASSERT_LT(bomb.size(), 70 * 1024U);
  EXPECT_EQ(code_of(inflate(bomb, Packing::gzip, kLimit)), Code::too_large);
}

TEST(Inflate, refuses_what_is_cut_off_at_any_place) {
  const auto whole = packed("{\"title\": \"Hello, hello, hello\"}", kGzip);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(code_of(inflate(std::string_view(whole).substr(0, size), Packing::gzip, kLimit)), Code::invalid_json)
        << size;
}

TEST(Inflate, refuses_what_is_damaged) {
  auto damaged = packed("{\"title\": \"Hello, hello, hello\"}", kGzip);
  damaged[damaged.size() - 5] ^= 1;  // the check sum
  EXPECT_EQ(code_of(inflate(damaged, Packing::gzip, kLimit)), Code::invalid_json);
  EXPECT_EQ(code_of(inflate("{}", Packing::gzip, kLimit)), Code::invalid_json);
  EXPECT_EQ(code_of(inflate("\xff\xff", Packing::deflate, kLimit)), Code::invalid_json);
}

TEST(Inflate, refuses_what_follows_the_end) {
  for (const std::string_view more : {std::string_view("\0", 1), std::string_view("{}")}) {
    EXPECT_EQ(code_of(inflate(packed("{}", kGzip) + std::string(more), Packing::gzip, kLimit)), Code::invalid_json);
    EXPECT_EQ(code_of(inflate(packed("{}", kZlib) + std::string(more), Packing::deflate, kLimit)), Code::invalid_json);
    EXPECT_EQ(code_of(inflate(packed("{}", kRaw) + std::string(more), Packing::deflate, kLimit)), Code::invalid_json);
  }
}

TEST(Inflate, refuses_a_preset_dictionary) {
  EXPECT_EQ(code_of(inflate("\x78\xbb\x01\x02\x03\x04", Packing::deflate, kLimit)), Code::invalid_json);
}

}  // namespace
}  // namespace hg
