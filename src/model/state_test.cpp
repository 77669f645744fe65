#include <gtest/gtest.h>

#include "model/notification.h"

namespace hg::model {
namespace {

const Time kNow = *parse_iso("2026-11-23T22:00:00Z");

Result<StatePatch> graph(const std::string& text) { return parse_state_patch(parse_json(text).value(), kNow); }
Result<StatePatch> feed(const std::string& text) { return parse_activity_patch(parse_json(text).value(), kNow); }

TEST(ParseStatePatch, reads_the_names_of_the_graph_api) {
  const auto patch = graph(R"({"readState": "Read", "userActionState": "snoozed", "contentVersion": 3,
                               "snoozeUntilDateTime": "2026-11-23T23:00:00", "status": "ignored"})");
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->read_state, ReadState::read);
  EXPECT_EQ(patch->action_state, ActionState::snoozed);
  EXPECT_EQ(patch->content_version, 3);
  EXPECT_EQ(patch->snooze_until, kNow + std::chrono::hours(1));
}

TEST(ParseStatePatch, takes_an_empty_object_for_no_change) {
  const auto patch = graph("{}");
  ASSERT_TRUE(patch);
  EXPECT_FALSE(patch->read_state || patch->action_state || patch->snooze_until || patch->content_version);
}

TEST(ParseStatePatch, names_every_mistake) {
  const auto patch = graph(R"({"readState": true, "userActionState": "gone", "contentVersion": "1",
                               "snoozeUntilDateTime": "2026-11-23T21:00:00Z"})");
  ASSERT_FALSE(patch);
  EXPECT_EQ(patch.error().target, "/readState");
  ASSERT_EQ(patch.error().details.size(), 3u);
  EXPECT_EQ(patch.error().details[0].target, "/userActionState");
  EXPECT_EQ(patch.error().details[1].target, "/snoozeUntilDateTime");
  EXPECT_EQ(patch.error().details[2].target, "/contentVersion");
}

TEST(ParseStatePatch, refuses_a_time_with_another_action_than_snoozed) {
  EXPECT_EQ(graph(R"({"userActionState": "dismissed", "snoozeUntilDateTime": "2026-11-23T23:00:00Z"})").error().target,
            "/snoozeUntilDateTime");
}

TEST(ParseActivityPatch, reads_the_names_of_the_feed_api) {
  const auto patch = feed(R"({"read": true, "userActionState": 2})");
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->read_state, ReadState::read);
  EXPECT_EQ(patch->action_state, ActionState::dismissed);
  EXPECT_EQ(feed(R"({"read": false})")->read_state, ReadState::unread);
}

TEST(ParseActivityPatch, refuses_words_and_numbers_out_of_range) {
  EXPECT_EQ(feed(R"({"userActionState": 4})").error().target, "/userActionState");
  EXPECT_EQ(feed(R"({"userActionState": "dismissed"})").error().target, "/userActionState");
  EXPECT_EQ(feed(R"({"read": 1})").error().target, "/read");
  EXPECT_EQ(feed("[]").error().code, Code::not_an_object);
}

}  // namespace
}  // namespace hg::model
