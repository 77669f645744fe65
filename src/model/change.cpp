#include "model/change.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/policies.h"

namespace hg::model {

namespace {

// Nothing changes.
constexpr std::nullopt_t kNothing = std::nullopt;

bool there(const Notification* before, Time now) {
  return before && !before->deleted() && before->content.expires_at > now;
}

// Whether the change may be made to what is there: it exists, and is what the asker saw.
Result<void> check_seen(const ChangeRequest& request, const Notification* before) {
  if (!there(before, request.now)) return fail(Code::not_found, "there is no such notification");
  if (request.if_version && *request.if_version != before->version)
    return fail(Code::resource_modified, "the notification was changed since the ETag in If-Match");
  return {};
}

Decision decide_post(const ChangeRequest& request, const PostRequest& post, const Notification* before) {
  // A replacement may name an expired one that is still stored: then it begins anew.
  const bool known = before && before->content.expires_at > request.now;
  if (known && post.retry && !post.request_id.empty() && before->request_id == post.request_id &&
      before->fingerprint == post.fingerprint)
    return {kNothing, ChangeKind::posted};
  Notification after;
  after.id = post.id;
  after.content = post.content;
  after.content_version = known ? before->content_version + 1 : 1;
  after.created_at = request.now;
  after.posted_by = request.application;
  after.request_id = post.request_id;
  after.fingerprint = post.fingerprint;
  after.alerted_at = request.now;
  after.keep_until = post.content.expires_at;
  if (before) {
    after.version = before->version;
    after.alert_version = before->alert_version;
    after.keep_until = std::max(after.keep_until, before->keep_until);
  }
  return {std::move(after), ChangeKind::posted, true};
}

// Policies may contradict the payload or priority that stands already, or that comes with them.
Result<void> patch_policies(Content& content, const ContentPatch& patch) {
  json::object policies = parse_policies(content.policies);
  if (patch.policies) merge_policies(policies, parse_policies(*patch.policies));
  HG_CHECK(check_size(content, policies));
  Mistakes mistakes;
  check_policies(content, policies, "", mistakes);
  HG_CHECK(mistakes.result());
  if (patch.policies) content.policies = policies_text(policies);
  return {};
}

Result<Content> patched(Content content, const ContentPatch& patch) {
  if (patch.group_name) content.group_name = *patch.group_name;
  if (patch.payload_given) {
    content.raw_content = patch.raw_content;
    content.title = patch.title;
    content.body = patch.body;
  }
  if (patch.platforms) content.platforms = *patch.platforms;
  if (patch.display_ttl) content.display_ttl = *patch.display_ttl;
  if (patch.expires_at) content.expires_at = *patch.expires_at;
  if (patch.priority) content.priority = *patch.priority;
  HG_CHECK(patch_policies(content, patch));
  return content;
}

Result<Decision> decide_edit(const ChangeRequest& request, const EditRequest& edit, const Notification* before) {
  HG_CHECK(check_seen(request, before));
  HG_TRY(Content content, patched(before->content, edit.patch));
  const bool same = content == before->content;
  if (same && !edit.patch.alert) return Decision{kNothing, ChangeKind::edited};
  Notification after = *before;
  after.content = std::move(content);
  after.status = Status::updated;
  if (!same) ++after.content_version;
  after.modified_at = request.now;
  after.keep_until = std::max(after.keep_until, after.content.expires_at);
  if (edit.patch.alert) after.alerted_at = request.now;
  return Decision{std::move(after), ChangeKind::edited, edit.patch.alert};
}

Result<void> check_snooze(const StatePatch& patch, const Notification& before) {
  if (!patch.snooze_until) return {};
  constexpr std::string_view target = "/snoozeUntilDateTime";
  if (patch.action_state.value_or(before.action_state) != ActionState::snoozed)
    return fail(Code::property_invalid, "snoozeUntilDateTime needs the userActionState snoozed", std::string(target));
  if (*patch.snooze_until >= before.content.expires_at)
    return fail(Code::property_invalid,
                fmt::format("snoozeUntilDateTime ({}) must lie before the notification's expiry ({})",
                            iso(*patch.snooze_until), iso(before.content.expires_at)),
                std::string(target));
  return {};
}

// The state that was asked for. Any state change but a new time for it cancels the timed return of a snooze.
void apply_state(Notification& after, const StatePatch& patch, const HandledBy& by) {
  const bool read_changes = patch.read_state && *patch.read_state != after.read_state;
  if (patch.read_state) after.read_state = *patch.read_state;
  if (patch.action_state) after.action_state = *patch.action_state;
  if (patch.action_state || patch.snooze_until || read_changes) after.snooze_until = patch.snooze_until;
  if (after.handled() && !after.handled_by) after.handled_by = by;
}

bool same_state(const Notification& a, const Notification& b) {
  return a.read_state == b.read_state && a.action_state == b.action_state && a.snooze_until == b.snooze_until;
}

Decision state_change(const ChangeRequest& request, const StatePatch& patch, HandledBy by, const Notification& before) {
  Notification after = before;
  by.at = request.now;
  apply_state(after, patch, by);
  if (same_state(before, after)) return {kNothing, ChangeKind::state};
  after.modified_at = request.now;
  return {std::move(after), ChangeKind::state};
}

Result<Decision> decide_state(const ChangeRequest& request, const StateRequest& state, const Notification* before) {
  HG_CHECK(check_seen(request, before));
  if (state.patch.content_version && *state.patch.content_version != before->content_version)
    return fail(Code::content_changed, fmt::format("the content is of version {} by now, not {}",
                                                   before->content_version, *state.patch.content_version));
  HG_CHECK(check_snooze(state.patch, *before));
  return state_change(request, state.patch, state.by, *before);
}

Decision decide_mark_all(const ChangeRequest& request, const MarkAllRequest& all, const Notification* before) {
  const bool meant = there(before, request.now) && (!all.group_name || before->content.group_name == all.group_name);
  // Who activated it has handled it: dismissing all is about the others.
  if (!meant || (all.dismiss && before->handled())) return {kNothing, ChangeKind::state};
  StatePatch patch;
  if (all.dismiss)
    patch.action_state = ActionState::dismissed;
  else
    patch.read_state = ReadState::read;
  return state_change(request, patch, all.by, *before);
}

Result<Decision> decide_delete(const ChangeRequest& request, const Notification* before) {
  const bool tombstone = before && before->deleted() && before->content.expires_at > request.now;
  if (tombstone) return Decision{kNothing, ChangeKind::deleted};
  HG_CHECK(check_seen(request, before));
  Notification after = *before;
  after.status = Status::deleted;
  after.content.group_name.reset();
  after.content.raw_content.reset();
  after.content.title.reset();
  after.content.body.reset();
  after.content.policies.clear();
  after.snooze_until.reset();
  after.modified_at = request.now;
  return Decision{std::move(after), ChangeKind::deleted};
}

Decision decide_return(const ChangeRequest& request, const Notification* before) {
  const bool due = there(before, request.now) && before->action_state == ActionState::snoozed && before->snooze_until &&
                   *before->snooze_until <= request.now;
  if (!due) return {kNothing, ChangeKind::returned};
  Notification after = *before;
  after.action_state = ActionState::no_interaction;
  after.read_state = ReadState::unread;
  after.snooze_until.reset();
  after.modified_at = request.now;
  after.alerted_at = request.now;
  return {std::move(after), ChangeKind::returned, true};
}

struct Decide {
  const ChangeRequest& request;
  const Notification* before;

  Result<Decision> operator()(const PostRequest& post) const { return decide_post(request, post, before); }
  Result<Decision> operator()(const EditRequest& edit) const { return decide_edit(request, edit, before); }
  Result<Decision> operator()(const StateRequest& state) const { return decide_state(request, state, before); }
  Result<Decision> operator()(const DeleteRequest&) const { return decide_delete(request, before); }
  Result<Decision> operator()(const ReturnRequest&) const { return decide_return(request, before); }
  Result<Decision> operator()(const MarkAllRequest& all) const { return decide_mark_all(request, all, before); }
};

}  // namespace

Result<Decision> decide(const ChangeRequest& request, const Notification* before) {
  return std::visit(Decide{request, before}, request.what);
}

}  // namespace hg::model
