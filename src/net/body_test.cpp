#include "net/body.h"

#include <gtest/gtest.h>

#include <string>

namespace hg::net {
namespace {

struct Read {
  int status = 0;  // 200 complete, 0 not yet
  std::string body = {}, rest = {};
};

Read read(const Head& head, std::string_view bytes, std::size_t limit = 100, std::size_t piece = std::string::npos) {
  BodyReader reader(head, limit);
  Read result;
  do {
    result.rest.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    std::string_view rest = result.rest;
    const auto complete = reader.take(rest, result.body);
    if (!complete) return {.status = complete.error().status};
    result.rest = rest;
    if (*complete) {
      result.status = 200;
      result.rest.append(bytes);
      return result;
    }
  } while (!bytes.empty());
  return result;
}

Read chunks(std::string_view bytes, std::size_t limit = 100, std::size_t piece = std::string::npos) {
  return read({.method = "POST", .target = "/", .chunked = true}, bytes, limit, piece);
}

TEST(Body, ends_where_its_length_says) {
  const Head head{.method = "POST", .target = "/", .content_length = 5};
  const auto whole = read(head, "hellonext");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "hello");
  EXPECT_EQ(whole.rest, "next");
  EXPECT_EQ(read(head, "hell").status, 0);
  EXPECT_EQ(read(head, "hello", 5).status, 200);
  EXPECT_EQ(read(head, "hello", 4).status, 413);
}

TEST(Body, is_put_together_from_chunks_however_they_are_cut) {
  constexpr std::string_view bytes =
      "4;a=\"b\"\r\nWiki\r\n00005\r\npedia\r\nA\r\n in\r\n\r\nchu\r\n0\r\nX: y\r\n\r\nnext";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const auto result = chunks(bytes, 100, piece);
    ASSERT_EQ(result.status, 200) << piece;
    EXPECT_EQ(result.body, "Wikipedia in\r\n\r\nchu");
    EXPECT_EQ(result.rest, "next");
  }
}

TEST(Body, refuses_chunks_two_readers_could_see_differently) {
  for (const std::string_view bytes : {"+5\r\nhello\r\n",
                                       "-5\r\nhello\r\n",
                                       "0x5\r\nhello\r\n",
                                       "5 \r\nhello\r\n",
                                       " 5\r\nhello\r\n",
                                       "\r\nhello\r\n",
                                       ";x\r\n",
                                       "g\r\n",
                                       "5\nhello\r\n",
                                       "5;x\nhello\r\n",
                                       "5;\x01\r\nhello\r\n",
                                       "5\r\rhello\r\n",
                                       "10000000000000005\r\nhello\r\n",
                                       "5\r\nhello!\r\n",
                                       "5\r\nhello\n",
                                       "5\r\nhelloX\r\n0\r\n\r\n",
                                       "0\r\n folded\r\n\r\n",
                                       "0\r\nno field\r\n\r\n",
                                       "0\r\nX: y\n\r\n",
                                       "0\r\nX : y\r\n\r\n"}) {
    EXPECT_EQ(chunks(bytes).status, 400) << bytes;
  }
}

TEST(Body, bounds_chunks_by_their_sum_before_they_come) {
  EXPECT_EQ(chunks("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", 10).status, 200);
  EXPECT_EQ(chunks("5\r\nhello\r\n6\r\n", 10).status, 413);
  EXPECT_EQ(chunks("FFFFFFFFFFFFFFFF\r\n", 10).status, 413);
}

TEST(Body, bounds_the_framing_around_it) {
  std::string ones, trailers = "0\r\n";
  for (int count = 0; count < 60'000; ++count) ones += "1\r\nx\r\n";
  EXPECT_EQ(chunks(ones + "0\r\n\r\n", 60'000).status, 200);
  for (int count = 0; count < 4000; ++count) trailers += "X: y\r\n";
  EXPECT_EQ(chunks(trailers).status, 413);
  EXPECT_EQ(chunks("1;" + std::string(17'000, 'x')).status, 413);
  EXPECT_EQ(chunks(std::string(17'000, '0')).status, 413);
}

}  // namespace
}  // namespace hg::net
