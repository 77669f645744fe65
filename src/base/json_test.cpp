#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "base/encoding.h"
#include "base/json.h"

namespace hg {
namespace {

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

TEST(Json, is_taken_to_the_depth_asked_for_and_no_deeper) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(32)));
  EXPECT_EQ(parse_json(nested(33)).error().code, Code::too_large);
  EXPECT_TRUE(parse_json(nested(3), {.depth = 3}));
  EXPECT_EQ(parse_json(nested(4), {.depth = 3}).error().code, Code::too_large);
}

TEST(Json, surrogates_come_in_pairs) {
  for (const char* lone : {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\ud83dx")", R"("\ud83d\n")"})
    EXPECT_FALSE(parse_json(lone)) << lone;
  EXPECT_EQ(parse_json(R"("\ud83d\ude00")")->as_string(), "\xf0\x9f\x98\x80");
}

TEST(Json, no_shape_of_bad_utf8_passes) {
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xff"}) {
    EXPECT_FALSE(parse_json('"' + std::string(bad) + '"'));
    EXPECT_FALSE(parse_json("{\"" + std::string(bad) + "\":1}"));
  }
  EXPECT_FALSE(parse_json("\xef\xbb\xbf{}"));
}

TEST(Json, what_is_no_json_is_refused) {
  for (const char* wrong : {"{'a':1}", "{a:1}", "[1,]", "{\"a\":1,}", "01", "+1", ".5", "1.", "NaN", "Infinity",
                            "1e999", "-1e999", "// x\n1", "nul", "\"\n\"", "[1 2]", "{}{}", "1 2", "\"a"})
    EXPECT_FALSE(parse_json(wrong)) << wrong;
}

TEST(Json, a_text_in_parts_is_put_together) {
  const std::string plain(5000, 'x');
  const auto parsed = parse_json("{\"" + plain + "\\u00e9\":\"" + plain + "\\n" + plain + "\"}");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at(plain + "\xc3\xa9").as_string(), plain + "\n" + plain);
}

TEST(Json, mistakes_are_told_with_their_place) {
  const auto repeated = parse_json("{\"b\":{},\"a\":1,\n\"a\":2}");
  EXPECT_EQ(repeated.error().message, "the key \"a\" is repeated (line 2, column 6)");
  EXPECT_NE(parse_json("{\n  x}").error().message.find("line 2, column 3"), std::string::npos);
  EXPECT_NE(parse_json("{} x").error().message.find("line 1, column 4"), std::string::npos);
}

TEST(Json, keys_may_come_again_in_another_object) {
  EXPECT_TRUE(parse_json(R"({"a":{"a":{"a":1},"b":1},"b":[{"a":1},{"a":2}]})"));
  EXPECT_FALSE(parse_json(R"({"b":{"c":1},"a":1,"b":2})"));
  EXPECT_FALSE(parse_json(R"({"b":{"c":1,"d":2,"c":3}})"));
}

TEST(Json, very_many_keys_are_compared_all_the_same) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(text + "\"end\":0}"));
  EXPECT_FALSE(parse_json(text + "\"k25000\":0}"));
  for (int i = 0; i < 60'000; ++i) text += "\"l" + std::to_string(i) + "\":0,";
  EXPECT_EQ(parse_json(text + "\"end\":0}").error().code, Code::too_large);
}

TEST(Json, the_writer_writes_what_boost_reads) {
  std::string every_character;
  for (int c = 1; c < 128; ++c) every_character += static_cast<char>(c);
  const json::value original = {{"text", every_character + "\xe2\x80\xa8\xf0\x9f\x98\x80"},
                                {"list", {1, -1, INT64_MIN, UINT64_MAX, 0.1, 1e300, true, nullptr}},
                                {"nested", {{"a", {{"b", json::array()}}}, {"c", json::object()}}},
                                {"", ""}};
  std::string out;
  JsonWriter writer(out);
  writer.object().field("text", original.at("text").as_string().c_str());
  writer.key("list").array().value(1).value(-1).value(INT64_MIN).value(UINT64_MAX).value(0.1).value(1e300);
  writer.value(true).value(nullptr).end();
  writer.key("nested").object().key("a").object().key("b").array().end().end();
  writer.field("c", json::value(json::object())).end();
  writer.field("", "").end();
  const auto read = json::parse(out);
  EXPECT_EQ(read.at("text"), original.at("text"));
  EXPECT_EQ(read.at("nested"), original.at("nested"));
  EXPECT_EQ(read.at("").as_string(), "");
  const auto& list = read.at("list").as_array();
  EXPECT_EQ(list.at(2).as_int64(), INT64_MIN);
  EXPECT_EQ(list.at(3).as_uint64(), UINT64_MAX);
  EXPECT_EQ(list.at(4).as_double(), 0.1);
  EXPECT_EQ(list.at(5).as_double(), 1e300);
  EXPECT_EQ(list.size(), 8U);
}

TEST(Json, the_writer_knows_our_types) {
  std::string out;
  JsonWriter(out)
      .array()
      .value(from_ms(0))
      .value(*UserId::parse("119081f2-12ab-4cde-8f01-0123456789ab"))
      .value(std::optional<int>())
      .value(std::optional<std::string>("x"))
      .value(std::numeric_limits<double>::infinity())
      .raw("{}")
      .end();
  EXPECT_EQ(out, R"(["1970-01-01T00:00:00.000Z","119081f2-12ab-4cde-8f01-0123456789ab",null,"x",null,{}])");
}

}  // namespace
}  // namespace hg
