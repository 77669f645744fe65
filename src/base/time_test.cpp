#include <gtest/gtest.h>

#include "base/time.h"

namespace hg {
namespace {

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

TEST(Time, the_ends_of_other_calendars_are_clamped) {
  // java.time's OffsetDateTime.MIN and MAX, .NET's DateTime.MinValue and MaxValue
  for (const char* text : {"-999999999-01-01T00:00:00+18:00", "+999999999-12-31T23:59:59.999999999-18:00",
                           "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"}) {
    const auto time = parse_iso(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(parse_iso(iso(*time)), time) << iso(*time);
  }
}

TEST(Time, of_any_sign_is_written_as_it_is_read) {
  EXPECT_EQ(iso(from_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso(from_ms(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso(*parse_iso("-0005-03-01T00:00:00Z")), "-0005-03-01T00:00:00.000Z");
}

TEST(Time, offsets_are_whole_and_at_most_eighteen_hours) {
  for (const char* good : {"2026-11-30T22:05:36+18:00", "2026-11-30T22:05:36-18", "2026-11-30T22:05Z", "2026-11-30"})
    EXPECT_TRUE(parse_iso(good)) << good;
  for (const char* wrong : {"2026-11-30T22:05:36+18:01", "2026-11-30T22:05:36+02:", "2026-11-30T22:05:36+2",
                            "2026-11-30T22:05:36+02:60", "2026-11-30T22:05:36 02:00", "2026-11-30T22:05:36+"})
    EXPECT_FALSE(parse_iso(wrong)) << wrong;
}

TEST(Time, the_29th_of_february_is_there_in_leap_years) {
  EXPECT_TRUE(parse_iso("2028-02-29T00:00:00Z"));
  EXPECT_TRUE(parse_iso("2000-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_iso("2100-02-29T00:00:00Z"));
}

}  // namespace
}  // namespace hg
