#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/log.h"

namespace hg::log {
namespace {

TEST(Log, a_line_on_a_terminal_stays_one_line) {
  const auto line = [](std::string_view message) {
    return line_of(Format::text, from_ms(0), Level::warn, "net", message);
  };
  EXPECT_EQ(line("as it is \xc3\xa9"), "1970-01-01T00:00:00.000Z warn  net       as it is \xc3\xa9");
  EXPECT_TRUE(line("a\r\nb\x1b[31m\x7f").ends_with(R"(a\r\nb\x1b[31m\x7f)"));
  EXPECT_TRUE(line("csi \xc2\x9b, bad \xff").ends_with(R"(csi \xc2\x9b, bad \xff)")) << line("csi \xc2\x9b, bad \xff");
  EXPECT_TRUE(line("csi \xc2\x9b").ends_with(R"(csi \x9b)"));
}

TEST(Log, a_line_of_json_reads_as_what_was_said) {
  const std::string line = line_of(Format::json, from_ms(1), Level::error, "api", "a\r\n\x1b[31m\"b\"");
  EXPECT_EQ(line.find_first_of("\r\n\x1b"), std::string::npos);
  const auto read = parse_json(line);
  ASSERT_TRUE(read) << line;
  EXPECT_EQ(read->at("time").as_string(), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(read->at("level").as_string(), "error");
  EXPECT_EQ(read->at("area").as_string(), "api");
  EXPECT_EQ(read->at("message").as_string(), "a\r\n\x1b[31m\"b\"");
  EXPECT_TRUE(parse_json(line_of(Format::json, from_ms(1), Level::error, "api", "broken \xff\xc3")));
}

TEST(Log, goes_to_the_stream_it_was_opened_on_from_its_level_up) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  warn("test", "before {}", "opening");
  open(Level::info, Format::json);
  info("test", "to {}", "stdout");
  debug("test", "not {}", "shown");
  open(Level::error, Format::text, Stream::err);
  info("test", "not shown either");
  error("test", "to {}", "stderr");
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find(R"("message":"to stdout"})"), std::string::npos) << out;
  EXPECT_EQ(std::ranges::count(out, '\n'), 1);
  EXPECT_NE(err.find("before opening"), std::string::npos) << err;
  EXPECT_NE(err.find("to stderr"), std::string::npos) << err;
  EXPECT_EQ(std::ranges::count(err, '\n'), 2);
}

}  // namespace
}  // namespace hg::log
