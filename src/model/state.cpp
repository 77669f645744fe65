// What a client says about a notification, in the words of either API.
#include "model/notification.h"
#include "model/reading.h"

namespace hg::model {

namespace {

// No notification lives longer than this; that the snooze ends before its expiry is checked against it.
constexpr Duration kMaxSnooze = std::chrono::days(30);

void read_common(const Reading& body, Time now, StatePatch& patch) {
  patch.snooze_until = body.future("snoozeUntilDateTime", now, kMaxSnooze);
  patch.content_version = body.number("contentVersion", 1, 1LL << 53);
  if (patch.snooze_until && patch.action_state && *patch.action_state != ActionState::snoozed)
    body.invalid("snoozeUntilDateTime", "snoozeUntilDateTime goes with the userActionState snoozed alone");
}

constexpr std::string_view kObject = "an object with the properties to change is right";

}  // namespace

Result<StatePatch> parse_state_patch(const json::value& body, Time now) {
  HG_CHECK(check_object(body, kObject));
  Mistakes mistakes;
  const Reading reading(body.get_object(), "", mistakes);
  StatePatch patch;
  patch.read_state = reading.choice("readState", parse_read_state, "unread or read");
  patch.action_state =
      reading.choice("userActionState", parse_action_state, "noInteraction, activated, dismissed or snoozed");
  read_common(reading, now, patch);
  HG_CHECK(mistakes.result());
  return patch;
}

Result<StatePatch> parse_activity_patch(const json::value& body, Time now) {
  HG_CHECK(check_object(body, kObject));
  Mistakes mistakes;
  const Reading reading(body.get_object(), "", mistakes);
  StatePatch patch;
  if (const auto read = reading.flag("read")) patch.read_state = *read ? ReadState::read : ReadState::unread;
  if (const auto action = reading.number("userActionState", 0, 3))
    patch.action_state = static_cast<ActionState>(*action);
  read_common(reading, now, patch);
  HG_CHECK(mistakes.result());
  return patch;
}

Result<std::optional<std::string>> parse_group(const json::value& body) {
  HG_CHECK(check_object(body, "an object that names a groupName, or no body, is right"));
  Mistakes mistakes;
  auto group = Reading(body.get_object(), "", mistakes).text("groupName", {256});
  HG_CHECK(mistakes.result());
  return group;
}

}  // namespace hg::model
