#include <gtest/gtest.h>

#include "base/encoding.h"

namespace hg {
namespace {

TEST(Encoding, base64_goes_there_and_back) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfd"}) {
    EXPECT_EQ(as_text(*from_base64url(base64url(as_bytes(text)))), text);
    EXPECT_EQ(as_text(*from_base64(base64(as_bytes(text)))), text);
  }
  EXPECT_EQ(base64(as_bytes("fooba")), "Zm9vYmE=");
  EXPECT_FALSE(from_base64url("Zm9*"));
  EXPECT_FALSE(from_base64url("Zh"));
  EXPECT_FALSE(from_base64url("Z"));
}

TEST(Encoding, knows_well_formed_utf8) {
  for (const char* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) EXPECT_TRUE(valid_utf8(good));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"})
    EXPECT_FALSE(valid_utf8(bad));
  EXPECT_EQ(code_points("a\xc3\xa9\xf0\x9f\x98\x80"), 3U);
}

TEST(Encoding, forms_are_decoded_in_order) {
  const auto form = parse_form("a=1&b=x%20y+z&a=2&c");
  ASSERT_TRUE(form);
  EXPECT_EQ(*find(*form, "b"), "x y z");
  EXPECT_EQ(*find(*form, "a"), "1");
  EXPECT_EQ(*find(*form, "c"), "");
  EXPECT_FALSE(parse_form("a=%zz"));
  EXPECT_FALSE(parse_form("a=%00"));
}

TEST(Encoding, base64_agrees_with_rfc_4648) {
  const std::pair<const char*, const char*> table[] = {
      {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [clear, encoded] : table) {
    EXPECT_EQ(base64(as_bytes(clear)), encoded);
    EXPECT_EQ(as_text(*from_base64(encoded)), clear);
    EXPECT_EQ(as_text(*from_base64url(encoded)), clear);
  }
}

TEST(Encoding, base64_takes_no_padding_that_does_not_fit) {
  for (const char* wrong : {"Zg=", "Zg===", "Zm8==", "Zm9v=", "====", "=", "Zg==Zg==", "Zm9v\n", "Zm 9"})
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
  for (const char* wrong : {"Zg", "Zg=", "Zg===", "Zm8", "====", "A===", "Zh==", "-_-_"})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  EXPECT_FALSE(from_base64url("+/+/"));
}

TEST(Encoding, hex_goes_there_and_back) {
  EXPECT_EQ(hex(as_bytes("\x01\xab\xff")), "01abff");
  EXPECT_EQ(as_text(*from_hex("01ABff")), "\x01\xab\xff");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Encoding, percent_escapes_go_there_and_back) {
  EXPECT_EQ(percent_encode("a-Z_0.~ /?\xc3\xa9"), "a-Z_0.~%20%2F%3F%C3%A9");
  EXPECT_EQ(percent_decode("%41%2f+"), "A/+");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const char* broken : {"%", "%4", "a%4", "%4g", "%%41"}) EXPECT_FALSE(percent_decode(broken)) << broken;
}

TEST(Encoding, text_is_compared_trimmed_and_escaped) {
  EXPECT_EQ(lower("AbC\xc3\x89"), "abc\xc3\x89");
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "content-lENGTH"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(html_escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(Encoding, forms_must_be_utf8) {
  EXPECT_FALSE(parse_form("a=%ff"));
  EXPECT_FALSE(parse_form("%c0%80=a"));
  EXPECT_TRUE(parse_form("")->empty());
  EXPECT_EQ(parse_form("&&a=b=c&")->at(0).second, "b=c");
  EXPECT_EQ(find(*parse_form("a=1"), "b"), nullptr);
}

}  // namespace
}  // namespace hg
