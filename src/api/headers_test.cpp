#include "api/headers.h"

#include <gtest/gtest.h>

#include "api/client_info.h"

namespace hg::api {
namespace {

net::Headers with(std::string_view name, std::string_view value) {
  net::Headers headers;
  headers.add(name, value);
  return headers;
}

TEST(Accept, lets_json_through_unless_it_is_excluded) {
  EXPECT_TRUE(accepts({}, "application/json"));
  EXPECT_TRUE(accepts(with("Accept", ""), "application/json"));
  EXPECT_TRUE(accepts(with("Accept", "text/html, */*;q=0.8"), "application/json"));
  EXPECT_TRUE(accepts(with("Accept", "application/*"), "application/json"));
  EXPECT_TRUE(accepts(with("Accept", "Application/JSON;odata.metadata=minimal"), "application/json"));
  EXPECT_FALSE(accepts(with("Accept", "text/html"), "application/json"));
  EXPECT_FALSE(accepts(with("Accept", "application/json;q=0, */*"), "application/json"));
  EXPECT_TRUE(accepts(with("Accept", "*/*;q=0, application/json"), "application/json"));
}

TEST(Accept, prefers_what_is_named_itself) {
  EXPECT_TRUE(prefers(with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), "text/html"));
  EXPECT_FALSE(prefers(with("Accept", "*/*"), "text/html"));
}

TEST(Prefer, is_read_over_several_preferences) {
  const auto prefer = parse_prefer(with("Prefer", "respond-async, return=Minimal; x=1, odata.maxpagesize=\"50\""));
  EXPECT_TRUE(prefer.minimal);
  EXPECT_EQ(prefer.page_size, 50);
  EXPECT_FALSE(parse_prefer(with("Prefer", "return=representation, maxpagesize=-1")).page_size);
}

TEST(TraceParent, gives_its_trace_where_it_is_valid) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736", rest = "-00f067aa0ba902b7-01";
  EXPECT_EQ(trace_id(with("traceparent", "00-" + trace + rest)), trace);
  EXPECT_EQ(trace_id(with("traceparent", "cc-" + trace + rest)), trace);
  EXPECT_EQ(trace_id(with("traceparent", "cc-" + trace + rest + "-later")), trace);
  for (const std::string& wrong :
       {"00-" + trace + rest + "-later", "cc-" + trace + rest + "later", "ff-" + trace + rest, "00-" + trace + "-00f0",
        "00-" + std::string(32, '0') + rest, "00-" + trace + "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736" + rest, "0x-" + trace + rest, "00_" + trace + rest, std::string()})
    EXPECT_EQ(trace_id(with("traceparent", wrong)), "") << wrong;
  net::Headers twice = with("traceparent", "00-" + trace + rest);
  twice.add("traceparent", "00-" + trace + rest);
  EXPECT_EQ(trace_id(twice), "");
}

TEST(ContentType, is_json_in_utf_8_or_nothing) {
  EXPECT_TRUE(is_json({}));
  EXPECT_TRUE(is_json(with("Content-Type", "")));
  EXPECT_TRUE(is_json(with("Content-Type", "application/json; charset=\"UTF-8\"")));
  EXPECT_FALSE(is_json(with("Content-Type", "application/json; charset=latin1")));
  EXPECT_FALSE(is_json(with("Content-Type", "application/x-www-form-urlencoded")));
}

TEST(ClientInfo, knows_locale_and_model) {
  const auto info =
      parse_client_info("os=android; osVer=10; lcid=en-; deviceModel=Google/Pixel 3; deviceType=android; sdkType=lite");
  EXPECT_EQ(info.locale, "en-");
  EXPECT_EQ(info.device_model, "Google/Pixel 3");
  EXPECT_EQ(parse_client_info("").device_model, "");
  EXPECT_EQ(parse_client_info("deviceModel=\xff").device_model, "");
}

}  // namespace
}  // namespace hg::api
