#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/expiring_cache.h"
#include "base/id.h"
#include "base/json.h"
#include "base/mailbox.h"
#include "base/time.h"

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

TEST(Time, reads_the_dates_that_clients_send) {
  const std::pair<const char*, const char*> table[] = {
      {"2026-11-30T22:05:36.25Z", "2026-11-30T22:05:36.250Z"},
      {"2026-11-30T22:05:36", "2026-11-30T22:05:36.000Z"},
      {"2026-11-30T22:05:36.1234567Z", "2026-11-30T22:05:36.123Z"},
      {"2026-11-30T22:05:36+02:00", "2026-11-30T20:05:36.000Z"},
      {"2026-11-30T22:05:36-0130", "2026-11-30T23:35:36.000Z"},
  };
  for (const auto& [text, expected] : table) {
    const auto time = parse_iso(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(iso(*time), expected);
  }
  EXPECT_LT(*parse_iso("-999999999-01-01T00:00:00+18:00"), from_ms(0));
  EXPECT_GT(*parse_iso("+999999999-12-31T23:59:59.999999999-18:00"), *parse_iso("9999-12-31T00:00:00Z"));
}

TEST(Time, refuses_what_is_no_date) {
  for (const char* text : {"", "tomorrow", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-30T25:00:00Z",
                           "2026-11-30T22:05:36Zx", "2026-11-30T22:05:36."})
    EXPECT_FALSE(parse_iso(text)) << text;
}

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

TEST(Json, refuses_what_boost_would_let_pass) {
  const std::pair<std::string, Code> table[] = {
      {R"({"a":1,"a":2})", Code::invalid_json},
      {R"({"x":{"a":1,"\u0061":2}})", Code::invalid_json},
      {R"({"a":"\u0000"})", Code::invalid_json},
      {R"({"\u0000":1})", Code::invalid_json},
      {"{\"a\":\"\xff\"}", Code::invalid_json},
      {R"({"a":"\ud800"})", Code::invalid_json},
      {R"({} x)", Code::invalid_json},
      {"", Code::invalid_json},
      {"{", Code::invalid_json},
      {std::string(40, '[') + std::string(40, ']'), Code::too_large},
  };
  for (const auto& [text, code] : table) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, code) << text << ": " << parsed.error().message;
  }
  EXPECT_TRUE(parse_json(R"({"a":[{"a":1},{"a":2}],"b":{"a":3}})"));
}

TEST(Json, what_is_written_is_read_again) {
  std::string out;
  JsonWriter(out)
      .object()
      .field("text", "a\"\\\n\x01\xc3\xa9")
      .field("n", -3)
      .key("list")
      .array()
      .value(1)
      .value(true)
      .value(nullptr)
      .object()
      .end()
      .end()
      .field("last", 1.5)
      .end();
  const auto parsed = parse_json(out);
  ASSERT_TRUE(parsed) << out;
  EXPECT_EQ(parsed->at("text").as_string(), "a\"\\\n\x01\xc3\xa9");
  EXPECT_EQ(parsed->at("list").as_array().size(), 4U);
}

TEST(Mailbox, tells_the_one_who_must_wake_the_consumer) {
  Mailbox<int> box;
  EXPECT_TRUE(box.push(1));
  EXPECT_FALSE(box.push(2));
  EXPECT_EQ(box.take(1), std::vector<int>{1});
  EXPECT_EQ(box.take(9), std::vector<int>{2});
  EXPECT_TRUE(box.push(3));
}

TEST(ExpiringCache, forgets_the_expired_and_the_least_recently_used) {
  ExpiringCache<int, int> cache(2);
  cache.put(1, 10, from_ms(100));
  cache.put(2, 20, from_ms(100));
  EXPECT_EQ(*cache.find(1, from_ms(0)), 10);
  cache.put(3, 30, from_ms(100));
  EXPECT_EQ(cache.find(2, from_ms(0)), nullptr);
  EXPECT_EQ(cache.find(1, from_ms(100)), nullptr);
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace hg
