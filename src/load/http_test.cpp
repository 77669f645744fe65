#include "load/http.h"

#include <gtest/gtest.h>

namespace hg::load {
namespace {

TEST(Answer, is_whole_once_its_length_has_come) {
  const std::string text = "HTTP/1.1 201 Created\r\ncontent-length: 5\r\nETag: W/\"x\"\r\n\r\nhelloHTTP/1.1 200";
  const std::string early = text.substr(0, text.find("hello") + 4);

  EXPECT_FALSE(whole_answer(early));
  const auto answer = whole_answer(text);

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->field("etag"), "W/\"x\"");
  EXPECT_EQ(text.substr(answer->size), "HTTP/1.1 200");
}

TEST(Answer, without_length_ends_with_its_head) {
  const auto answer = whole_answer("HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n");

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->body, "");
}

TEST(Answer, in_chunks_ends_with_the_empty_one) {
  const std::string text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";

  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(whole_answer(text.substr(0, size))) << size;
  EXPECT_EQ(whole_answer(text)->size, text.size());
}

TEST(Address, is_an_ipv4_address_with_a_port) {
  const auto plain = Address::parse("http://127.0.0.1:8080");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 8080);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->authority, "127.0.0.1:8080");
  EXPECT_TRUE(Address::parse("https://localhost:1/x")->tls);
  EXPECT_FALSE(Address::parse("http://example.com:80"));
  EXPECT_FALSE(Address::parse("http://127.0.0.1:x"));
}

}  // namespace
}  // namespace hg::load
