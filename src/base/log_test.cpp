#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

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

TEST(Log, a_line_has_members_beside_its_message) {
  const Field fields[] = {
      {"route", "/a/{id}"}, {"status", std::int64_t{201}}, {"ms", 1.5}, {"trace", ""}, {"odd", "a b=\"\x1b"}};
  EXPECT_EQ(line_of(Format::text, from_ms(0), Level::info, "http", "answered", fields),
            "1970-01-01T00:00:00.000Z info  http      answered route=/a/{id} status=201 ms=1.5 odd=\"a b=\\\"\\x1b\"");
  const auto read = parse_json(line_of(Format::json, from_ms(0), Level::info, "http", "answered", fields));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at("status").as_int64(), 201);
  EXPECT_EQ(read->at("ms").as_double(), 1.5);
  EXPECT_EQ(read->at("odd").as_string(), "a b=\"\x1b");
  EXPECT_FALSE(read->as_object().contains("trace"));
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
  flush();
  const std::string out = testing::internal::GetCapturedStdout();
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find(R"("message":"to stdout"})"), std::string::npos) << out;
  EXPECT_EQ(std::ranges::count(out, '\n'), 1);
  EXPECT_NE(err.find("before opening"), std::string::npos) << err;
  EXPECT_NE(err.find("to stderr"), std::string::npos) << err;
  EXPECT_EQ(std::ranges::count(err, '\n'), 2);
}

TEST(Log, says_how_many_lines_a_reader_that_stands_still_has_cost) {
  // given a pipe that nobody reads, full
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const int standard_output = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  open(Level::info, Format::json);
  const std::string text(1000, 'x');
  for (int i = 0; i < 3000; ++i) info("test", "{}", text);
  // when it is read again
  std::string seen;
  std::thread reader([&] {
    std::array<char, 65536> chunk{};
    for (ssize_t got = 0; (got = ::read(ends[0], chunk.data(), chunk.size())) > 0;)
      seen.append(chunk.data(), static_cast<std::size_t>(got));
  });
  flush();
  info("test", "after");
  open(Level::error, Format::text, Stream::err);
  ::dup2(standard_output, STDOUT_FILENO);
  for (const int descriptor : {standard_output, ends[1]}) ::close(descriptor);
  reader.join();
  ::close(ends[0]);
  // then what did not fit is said to be lost, and what came after is there
  EXPECT_NE(seen.find("lines were lost here"), std::string::npos);
  EXPECT_LT(seen.find("lines were lost here"), seen.find("\"after\""));
}

}  // namespace
}  // namespace hg::log
