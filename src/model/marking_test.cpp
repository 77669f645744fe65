#include <gtest/gtest.h>

#include "model/change.h"
#include "model/change_fixture.h"

namespace hg::model {
namespace {

TEST(State, reading_is_not_handling) {
  const Notification now = after(read(), posted());
  EXPECT_EQ(now.read_state, ReadState::read);
  EXPECT_EQ(now.action_state, ActionState::no_interaction);
  EXPECT_FALSE(now.handled_by);
  EXPECT_EQ(now.modified_at, kNow);
  EXPECT_EQ(now.status, Status::active);
  EXPECT_EQ(now.content_version, 2);
}

TEST(State, dismissing_is_not_reading_and_names_who_did_it) {
  const Notification now = after(act(ActionState::dismissed), posted());
  EXPECT_EQ(now.read_state, ReadState::unread);
  ASSERT_TRUE(now.handled_by);
  EXPECT_EQ(now.handled_by->platform, "iOS");
  EXPECT_EQ(now.handled_by->device_name, "Phone");
  EXPECT_EQ(now.handled_by->at, kNow);
}

TEST(State, remembers_the_first_handling) {
  const Notification now = after(act(ActionState::activated), with_state(ActionState::dismissed));
  EXPECT_EQ(now.action_state, ActionState::activated);
  EXPECT_EQ(now.handled_by->device_name, "Desk");
}

TEST(State, marking_twice_changes_nothing) {
  EXPECT_FALSE(changes(act(ActionState::dismissed), with_state(ActionState::dismissed)));
  EXPECT_FALSE(changes(state_request({}), posted()));
  EXPECT_FALSE(changes(snooze(kNow + hours(1)), with_state(ActionState::snoozed, kNow + hours(1))));
}

TEST(State, last_of_two_edits_wins) {
  EXPECT_EQ(after(act(ActionState::no_interaction), with_state(ActionState::dismissed)).action_state,
            ActionState::no_interaction);
}

TEST(State, refuses_a_content_that_was_replaced_meanwhile) {
  StatePatch patch;
  patch.read_state = ReadState::read;
  patch.content_version = 1;
  const Notification before = posted();
  EXPECT_EQ(refusal(state_request(patch), &before), Code::content_changed);
  patch.content_version = 2;
  EXPECT_TRUE(changes(state_request(patch), before));
}

TEST(State, snoozes_until_a_time_before_the_expiry) {
  const Notification now = after(snooze(kNow + hours(1)), posted());
  EXPECT_EQ(now.action_state, ActionState::snoozed);
  EXPECT_EQ(now.snooze_until, kNow + hours(1));
  EXPECT_FALSE(now.handled());
  const Notification before = posted();
  const auto late = decide(snooze(before.content.expires_at), &before);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::property_invalid);
  EXPECT_EQ(late.error().target, "/snoozeUntilDateTime");
}

TEST(State, refuses_a_time_to_return_for_what_is_not_snoozed) {
  StatePatch patch;
  patch.snooze_until = kNow + hours(1);
  const Notification before = posted();
  EXPECT_EQ(refusal(state_request(patch), &before), Code::property_invalid);
  EXPECT_EQ(after(state_request(patch), with_state(ActionState::snoozed)).snooze_until, kNow + hours(1));
}

TEST(State, any_other_change_cancels_the_return_of_a_snooze) {
  const Notification snoozed = with_state(ActionState::snoozed, kNow + hours(1));
  EXPECT_FALSE(after(act(ActionState::dismissed), snoozed).snooze_until);
  EXPECT_FALSE(after(act(ActionState::no_interaction), snoozed).snooze_until);
  EXPECT_FALSE(after(act(ActionState::snoozed), snoozed).snooze_until);
  EXPECT_FALSE(after(read(), snoozed).snooze_until);
  EXPECT_EQ(after(edit_group("other"), snoozed).snooze_until, kNow + hours(1)) << "content is not state";
}

TEST(Return, alerts_again_as_a_new_one) {
  Notification before = with_state(ActionState::snoozed, kNow);
  before.read_state = ReadState::read;
  const auto decision = decide(request(ReturnRequest{kId, 7}), &before);
  ASSERT_TRUE(decision && decision->after);
  EXPECT_TRUE(decision->alerts);
  EXPECT_EQ(decision->kind, ChangeKind::returned);
  EXPECT_EQ(decision->after->action_state, ActionState::no_interaction);
  EXPECT_EQ(decision->after->read_state, ReadState::unread);
  EXPECT_FALSE(decision->after->snooze_until);
  EXPECT_EQ(decision->after->alerted_at, kNow);
}

TEST(Return, falls_when_the_snooze_is_not_that_one_any_more) {
  const ChangeRequest r = request(ReturnRequest{kId, 7});
  EXPECT_FALSE(changes(r, posted()));
  EXPECT_FALSE(changes(r, tombstone()));
  EXPECT_FALSE(changes(r, with_state(ActionState::snoozed)));
  EXPECT_FALSE(changes(r, with_state(ActionState::snoozed, kNow + hours(1))));
  EXPECT_FALSE(changes(r, with_state(ActionState::dismissed)));
  const auto none = decide(r, nullptr);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->after);
}

TEST(MarkAll, concerns_its_group_and_what_is_not_so_yet) {
  MarkAllRequest all{std::nullopt, false, {}};
  EXPECT_EQ(after(request(all), posted()).read_state, ReadState::read);
  all.group_name = "orders";
  EXPECT_TRUE(changes(request(all), posted()));
  all.group_name = "others";
  EXPECT_FALSE(changes(request(all), posted()));
  all = {std::nullopt, true, {"Windows", "Desk", {}}};
  EXPECT_EQ(after(request(all), posted()).handled_by->device_name, "Desk");
  EXPECT_FALSE(changes(request(all), with_state(ActionState::activated)));
  EXPECT_FALSE(changes(request(all), tombstone()));
}

}  // namespace
}  // namespace hg::model
