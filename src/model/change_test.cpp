#include <gtest/gtest.h>

#include "model/change.h"
#include "model/change_fixture.h"

namespace hg::model {
namespace {

TEST(Post, makes_a_new_notification_that_alerts) {
  const auto decision = decide(post_request(), nullptr);
  ASSERT_TRUE(decision && decision->after);
  EXPECT_EQ(decision->kind, ChangeKind::posted);
  EXPECT_TRUE(decision->alerts);
  EXPECT_EQ(decision->after->id, kId);
  EXPECT_EQ(decision->after->content_version, 1);
  EXPECT_EQ(decision->after->created_at, kNow);
  EXPECT_EQ(decision->after->alerted_at, kNow);
  EXPECT_EQ(decision->after->posted_by, kApplication);
  EXPECT_EQ(decision->after->keep_until, some_content().expires_at);
}

TEST(Post, replaces_everything_but_the_id) {
  Notification before = with_state(ActionState::dismissed);
  before.read_state = ReadState::read;
  before.status = Status::updated;
  before.modified_at = kPosted;
  before.keep_until = before.content.expires_at + hours(5);
  const Notification now = after(post_request(), before);
  EXPECT_EQ(now.content.title, "Again");
  EXPECT_EQ(now.status, Status::active);
  EXPECT_EQ(now.read_state, ReadState::unread);
  EXPECT_EQ(now.action_state, ActionState::no_interaction);
  EXPECT_FALSE(now.handled_by || now.snooze_until || now.modified_at);
  EXPECT_EQ(now.created_at, kNow);
  EXPECT_EQ(now.content_version, 3);
  EXPECT_EQ(now.keep_until, before.keep_until);
}

TEST(Post, keeps_the_latest_expiry_it_ever_had) {
  Notification before = posted();
  before.keep_until = some_content().expires_at - hours(1);
  EXPECT_EQ(after(post_request(), before).keep_until, some_content().expires_at);
}

TEST(Post, brings_a_deleted_one_back) {
  const Notification now = after(post_request(), tombstone());
  EXPECT_FALSE(now.deleted());
  EXPECT_EQ(now.content_version, 3);
}

TEST(Post, begins_anew_where_the_former_one_has_expired) {
  Notification before = posted();
  before.content.expires_at = kNow;
  EXPECT_EQ(after(post_request(), before).content_version, 1);
}

TEST(Post, changes_nothing_when_a_client_library_repeats_it) {
  ChangeRequest r = post_request();
  auto& post = std::get<PostRequest>(r.what);
  post.request_id = posted().request_id;
  post.fingerprint = posted().fingerprint;
  EXPECT_TRUE(changes(r, posted())) << "without Retry-Attempt it is a new post";
  post.retry = true;
  EXPECT_FALSE(changes(r, posted()));
  EXPECT_FALSE(changes(r, tombstone())) << "a recalled one does not come back by a late repetition";
  post.fingerprint = "other body";
  EXPECT_TRUE(changes(r, posted()));
  post.fingerprint = posted().fingerprint;
  post.request_id = "";
  Notification nameless = posted();
  nameless.request_id = "";
  EXPECT_TRUE(changes(r, nameless));
}

TEST(Edit, changes_only_what_is_present_and_keeps_the_users_state) {
  const Notification before = with_state(ActionState::dismissed);
  const auto decision = decide(edit_group("parcels"), &before);
  ASSERT_TRUE(decision && decision->after);
  EXPECT_FALSE(decision->alerts);
  EXPECT_EQ(decision->kind, ChangeKind::edited);
  const Notification& now = *decision->after;
  EXPECT_EQ(now.content.group_name, "parcels");
  EXPECT_EQ(now.content.title, "Hello");
  EXPECT_EQ(now.status, Status::updated);
  EXPECT_EQ(now.content_version, 3);
  EXPECT_EQ(now.modified_at, kNow);
  EXPECT_EQ(now.action_state, ActionState::dismissed);
  EXPECT_EQ(now.created_at, kPosted);
  EXPECT_EQ(now.alerted_at, kPosted);
}

TEST(Edit, replaces_the_payload_as_a_whole) {
  ContentPatch patch;
  patch.payload_given = true;
  patch.raw_content = "raw";
  const Notification now = after(edit(patch), posted());
  EXPECT_EQ(now.content.raw_content, "raw");
  EXPECT_FALSE(now.content.title || now.content.body);
}

TEST(Edit, alerts_again_only_when_told_to) {
  ContentPatch patch;
  patch.alert = true;
  const auto decision = decide(edit(patch), std::vector{posted()}.data());
  ASSERT_TRUE(decision && decision->after);
  EXPECT_TRUE(decision->alerts);
  EXPECT_EQ(decision->after->alerted_at, kNow);
  EXPECT_EQ(decision->after->content_version, 2) << "the content is the same";
}

TEST(Edit, of_nothing_changes_nothing) {
  EXPECT_FALSE(changes(edit({}), posted()));
  EXPECT_FALSE(changes(edit_group("orders"), posted()));
}

TEST(Edit, merges_policies_and_removes_those_set_to_null) {
  Notification before = posted();
  before.content.policies = R"({"targetPolicy":{"platformTypes":["iOS"]},"deliveryPolicy":{"mode":"firstActive"}})";
  before.content.platforms = 2;
  ContentPatch patch;
  patch.policies = R"({"deliveryPolicy":{"mode":"all"}})";
  EXPECT_EQ(after(edit(patch), before).content.policies,
            R"({"targetPolicy":{"platformTypes":["iOS"]},"deliveryPolicy":{"mode":"all"}})");
  patch.policies = R"({"targetPolicy":null})";
  patch.platforms = kAllPlatforms;
  const Notification now = after(edit(patch), before);
  EXPECT_EQ(now.content.policies, R"({"deliveryPolicy":{"mode":"firstActive"}})");
  EXPECT_EQ(now.content.platforms, kAllPlatforms);
  patch.policies = R"({"targetPolicy":{"platformTypes":["iOS"]},"deliveryPolicy":{"mode":"firstActive"}})";
  patch.platforms = 2;
  EXPECT_FALSE(changes(edit(patch), before));
}

TEST(Edit, may_not_make_a_fallback_that_a_post_could_not) {
  Notification before = posted();
  before.content.title.reset();
  before.content.raw_content = "raw";
  before.content.policies = R"({"fallbackPolicy":{"endpointFallback":{"platformTypes":["iOS"]}}})";
  ContentPatch patch;
  patch.priority = Priority::low;
  EXPECT_EQ(decide(edit(patch), &before).error().target, "/fallbackPolicy/endpointFallback");
}

TEST(Edit, may_not_grow_over_the_size_a_post_may_have) {
  Notification before = posted();
  before.content.policies =
      R"({"fallbackPolicy":{"transportFallback":{"emailContent":{"body":")" + std::string(20'000, 'x') + R"("}}}})";
  ContentPatch patch;
  patch.payload_given = true;
  patch.raw_content = std::string(16'000, 'x');
  EXPECT_EQ(refusal(edit(patch), &before), Code::too_large);
}

TEST(Edit, keeps_the_latest_expiry_it_ever_had) {
  ContentPatch patch;
  patch.expires_at = kNow + hours(1);
  EXPECT_EQ(after(edit(patch), posted()).keep_until, posted().content.expires_at);
  patch.expires_at = kNow + std::chrono::days(20);
  EXPECT_EQ(after(edit(patch), posted()).keep_until, *patch.expires_at);
}

TEST(IfMatch, refuses_what_changed_since) {
  const Notification before = posted();
  for (ChangeRequest r : {read(), edit_group("x"), request(DeleteRequest{kId})}) {
    r.if_version = 6;
    EXPECT_EQ(refusal(r, &before), Code::resource_modified);
    r.if_version = 7;
    EXPECT_TRUE(changes(r, before));
    r.if_version.reset();
    r.if_exists = true;
    EXPECT_TRUE(changes(r, before));
  }
}

TEST(Tombstone, is_not_found_by_edits_and_deleted_again_in_silence) {
  const Notification gone = tombstone();
  EXPECT_EQ(refusal(read(), &gone), Code::not_found);
  EXPECT_EQ(refusal(edit_group("x"), &gone), Code::not_found);
  ChangeRequest again = request(DeleteRequest{kId});
  again.if_version = 1;
  EXPECT_FALSE(changes(again, gone));
}

TEST(Unknown, is_not_found) {
  Notification expired = posted();
  expired.content.expires_at = kNow;
  for (const Notification* before :
       {static_cast<const Notification*>(nullptr), static_cast<const Notification*>(&expired)})
    for (const ChangeRequest& r : {read(), edit_group("x"), request(DeleteRequest{kId})})
      EXPECT_EQ(refusal(r, before), Code::not_found);
}

TEST(Delete, leaves_a_tombstone_without_content) {
  const Notification now = after(request(DeleteRequest{kId}), with_state(ActionState::dismissed));
  EXPECT_TRUE(now.deleted());
  EXPECT_EQ(now.content.app_notification_id, "order-1");
  EXPECT_FALSE(now.content.title || now.content.body || now.content.raw_content || now.content.group_name);
  EXPECT_EQ(now.content.expires_at, posted().content.expires_at);
  EXPECT_EQ(now.modified_at, kNow);
  EXPECT_EQ(now.fingerprint, "print");
}

}  // namespace
}  // namespace hg::model
