// A posted notification and the requests that the tests of decide() make about it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "model/change.h"

namespace hg::model {

using std::chrono::hours;

inline const Time kPosted = *parse_iso("2026-11-23T10:00:00Z");
inline const Time kNow = kPosted + hours(1);
inline const NotificationId kId{*Guid::parse("119081f2-0000-8000-8000-000000000001")};
inline const ApplicationId kApplication{*Guid::parse("22222222-0000-4000-8000-000000000001")};

inline Content some_content() {
  Content content;
  content.app_notification_id = "order-1";
  content.group_name = "orders";
  content.title = "Hello";
  content.body = "World";
  content.expires_at = kPosted + std::chrono::days(7);
  return content;
}

inline Notification posted() {
  Notification n;
  n.id = kId;
  n.content = some_content();
  n.version = 7;
  n.content_version = 2;
  n.created_at = n.alerted_at = kPosted;
  n.alert_version = 7;
  n.posted_by = kApplication;
  n.request_id = "11111111-0000-4000-8000-000000000001";
  n.fingerprint = "print";
  n.keep_until = n.content.expires_at;
  return n;
}

inline Notification with_state(ActionState action, std::optional<Time> until = {}) {
  Notification n = posted();
  n.action_state = action;
  n.snooze_until = until;
  if (n.handled()) n.handled_by = HandledBy{"Windows", "Desk", kPosted};
  return n;
}

inline Notification tombstone() {
  Notification n = posted();
  n.status = Status::deleted;
  return n;
}

template <class What>
inline ChangeRequest request(What what) {
  ChangeRequest r;
  r.what = std::move(what);
  r.application = kApplication;
  r.now = kNow;
  return r;
}

inline ChangeRequest post_request() {
  PostRequest post;
  post.id = kId;
  post.content = some_content();
  post.content.title = "Again";
  post.request_id = "33333333-0000-4000-8000-000000000001";
  post.fingerprint = "other";
  return request(std::move(post));
}

inline ChangeRequest state_request(StatePatch patch) {
  return request(StateRequest{kId, std::move(patch), HandledBy{"iOS", "Phone", {}}});
}
inline ChangeRequest act(ActionState action) {
  StatePatch patch;
  patch.action_state = action;
  return state_request(patch);
}
inline ChangeRequest read() {
  StatePatch patch;
  patch.read_state = ReadState::read;
  return state_request(patch);
}
inline ChangeRequest snooze(Time until) {
  StatePatch patch;
  patch.action_state = ActionState::snoozed;
  patch.snooze_until = until;
  return state_request(patch);
}
inline ChangeRequest edit(ContentPatch patch) { return request(EditRequest{kId, std::move(patch)}); }
inline ChangeRequest edit_group(const std::string& name) {
  ContentPatch patch;
  patch.group_name = name;
  return edit(patch);
}

inline Notification after(const ChangeRequest& r, const Notification& before) {
  const auto decision = decide(r, &before);
  EXPECT_TRUE(decision) << decision.error().message;
  if (!decision || !decision->after) {
    ADD_FAILURE() << "nothing changes";
    return before;
  }
  return *decision->after;
}
inline bool changes(const ChangeRequest& r, const Notification& before) {
  const auto decision = decide(r, &before);
  EXPECT_TRUE(decision) << decision.error().message;
  return decision && decision->after.has_value();
}
inline Code refusal(const ChangeRequest& r, const Notification* before) {
  const auto decision = decide(r, before);
  EXPECT_FALSE(decision);
  return decision ? Code::internal : decision.error().code;
}

}  // namespace hg::model
