#include "model/plan.h"

#include <gtest/gtest.h>

#include <deque>

#include "model/policies.h"

namespace hg::model {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = from_ms(1'800'000'000'000);

template <class Id>
Id id_of(char last) {
  return Id{*Guid::parse(std::string("119081f2-0000-4000-8000-00000000000") + last)};
}

const FeedKey kFeed{id_of<UserId>('1'), id_of<AppId>('2')};
const SubscriptionId kPhone = id_of<SubscriptionId>('3'), kDesk = id_of<SubscriptionId>('4'),
                     kWeb = id_of<SubscriptionId>('5'), kLive = id_of<SubscriptionId>('6');

// A user with an iPhone, a Windows machine, a browser and a live-only endpoint.
struct User {
  std::deque<Subscription> subscriptions;
  std::deque<Notification> notifications;
  Occasion occasion{
      .now = kNow, .version = 9, .live = false, .happened = {}, .due = {}, .notifications = {}, .endpoints = {}};

  User() {
    add(kPhone, ChannelKind::apns, Platform::ios);
    add(kDesk, ChannelKind::wns, Platform::windows);
    add(kWeb, ChannelKind::webpush, Platform::webpush);
    add(kLive, ChannelKind::live, Platform::none);
  }

  void add(const SubscriptionId& id, ChannelKind kind, Platform platform) {
    Subscription s;
    s.id = id;
    s.feed = kFeed;
    s.channel.kind = kind;
    s.counts_as = platform;
    subscriptions.push_back(s);
    occasion.endpoints.push_back(
        {.subscription = &subscriptions.back(), .silent = kind == ChannelKind::apns || kind == ChannelKind::wns});
  }
  Subscription& subscription(const SubscriptionId& id) {
    return *std::ranges::find(subscriptions, id, &Subscription::id);
  }
  Reach& reach(const SubscriptionId& id) {
    return *std::ranges::find(occasion.endpoints, id, [](const Reach& r) { return r.subscription->id; });
  }

  // Posted at `version`, which the outbox has.
  Notification& post(std::int64_t version) {
    Notification n;
    n.id = id_of<NotificationId>(static_cast<char>('a' + version % 6));
    n.content.title = "Hello";
    n.content.expires_at = kNow + minutes(60);
    n.version = n.alert_version = version;
    notifications.push_back(n);
    occasion.notifications.push_back(&notifications.back());
    occasion.happened.push_back({.version = version, .kind = ChangeKind::posted});
    return notifications.back();
  }
  void change(Notification& n, std::int64_t version, SubscriptionId maker = {}) {
    n.version = version;
    occasion.happened.push_back({.version = version, .kind = ChangeKind::state, .maker = maker});
  }
  Job due(const Notification& n, JobKind kind, const SubscriptionId& to, std::int64_t attempts = 0) {
    occasion.happened.clear();
    const Job job{.feed = kFeed,
                  .subscription = to,
                  .notification = n.id,
                  .version = n.alert_version,
                  .kind = kind,
                  .due_at = kNow,
                  .guard = n.alert_version,
                  .attempts = attempts,
                  .made_at = kNow - minutes(1)};
    occasion.due.push_back(job);
    return job;
  }
  [[nodiscard]] Plan plan() const { return model::plan(kFeed, occasion); }
};

Job nudge(std::int64_t from, Time due) {
  return {.feed = kFeed,
          .subscription = kPhone,
          .kind = JobKind::nudge,
          .due_at = due,
          .guard = from,
          .made_at = kNow - minutes(1)};
}

std::string told(const Plan& plan) {
  std::string text;
  for (const Send& send : plan.sends) {
    constexpr std::string_view wakes[] = {"visual", "raw", "state", "fallback"};
    text += std::string(text.empty() ? "" : " ") + send.to.str().back() + ':' +
            std::string(wakes[static_cast<std::size_t>(send.wake)]) + '@' + std::to_string(send.base);
  }
  return text;
}
std::string fates(const Plan& plan) {
  std::string text;
  for (const Fate& fate : plan.fates)
    text += std::string(text.empty() ? "" : " ") + fate.subscription.str().back() + ':' +
            std::string(name(fate.outcome)) + (fate.reason.empty() ? "" : "/") + std::string(fate.reason);
  return text;
}

TEST(Plan, alerts_every_endpoint_with_a_channel) {
  User user;
  user.post(9);

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "3:visual@8 4:visual@8 5:visual@8");
  EXPECT_EQ(fates(plan), "3:pending 4:pending 5:pending");
  EXPECT_TRUE(plan.jobs.empty());
}

TEST(Plan, tells_a_raw_notification_as_raw) {
  User user;
  auto& n = user.post(9);
  n.content.title.reset();
  n.content.raw_content = "data";

  EXPECT_EQ(told(user.plan()), "3:raw@8 4:raw@8 5:raw@8");
}

TEST(Plan, leaves_out_whom_the_policy_the_wish_or_the_making_excludes) {
  User user;
  auto& n = user.post(9);
  n.content.platforms = static_cast<PlatformMask>(Platform::ios) | static_cast<PlatformMask>(Platform::webpush);
  user.subscription(kWeb).notification_type = NotificationType::none;
  user.occasion.happened[0].maker = kPhone;

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "");
  EXPECT_EQ(fates(plan), "3:notTargeted/maker 4:notTargeted/targetPolicy 5:notTargeted/noNotification");
}

TEST(Plan, tells_an_endpoint_that_wants_no_contents_without_showing_them) {
  User user;
  user.post(9);
  user.subscription(kDesk).notification_type = NotificationType::only;

  EXPECT_EQ(told(user.plan()), "3:visual@8 4:raw@8 5:visual@8");
}

TEST(Plan, leaves_out_an_endpoint_that_came_after_the_notification) {
  User user;
  user.post(9);
  user.subscription(kPhone).since_version = 9;
  user.subscription(kDesk).since_version = 8;

  EXPECT_EQ(told(user.plan()), "4:visual@8 5:visual@8");
}

TEST(Plan, sends_nothing_that_is_over) {
  struct Row {
    std::function<void(Notification&)> end;
    std::string_view fate;
  };
  const Row rows[] = {
      {[](Notification& n) { n.action_state = ActionState::dismissed; }, "superseded/handled"},
      {[](Notification& n) { n.action_state = ActionState::activated; }, "superseded/handled"},
      {[](Notification& n) { n.action_state = ActionState::snoozed; }, "superseded/snoozed"},
      {[](Notification& n) { n.read_state = ReadState::read; }, "superseded/read"},
      {[](Notification& n) { n.status = Status::deleted; }, "superseded/recalled"},
      {[](Notification& n) { n.content.expires_at = kNow; }, "expired"},
  };
  for (const auto& [end, expected] : rows) {
    User user;
    end(user.post(9));
    user.subscriptions.resize(1);
    user.occasion.endpoints.resize(1);

    const auto plan = user.plan();

    EXPECT_EQ(told(plan), "");
    EXPECT_EQ(fates(plan), "3:" + std::string(expected));
  }
}

TEST(Plan, says_nothing_of_an_alert_that_was_replaced_before_it_went) {
  User user;
  auto& n = user.post(8);
  n.version = n.alert_version = 9;
  user.occasion.happened.push_back({.version = 9, .kind = ChangeKind::posted});

  EXPECT_EQ(told(user.plan()), "3:visual@7 4:visual@7 5:visual@7");
}

TEST(Plan, nudges_of_a_state_change_whom_it_can_tell_silently_but_not_its_maker) {
  User user;
  auto& n = user.post(5);
  user.occasion.happened.clear();
  n.action_state = ActionState::dismissed;
  user.change(n, 9, kDesk);

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "3:state@8");
  EXPECT_TRUE(plan.fates.empty());
}

TEST(Plan, merges_the_state_changes_that_wait_into_one_nudge) {
  User user;
  auto& n = user.post(5);
  user.occasion.happened.clear();
  user.change(n, 7, kDesk);
  user.change(n, 8);
  user.change(n, 9);

  EXPECT_EQ(told(user.plan()), "3:state@6 4:state@6");
}

TEST(Plan, lets_a_state_change_ride_on_an_alert) {
  User user;
  auto& old = user.post(5);
  user.occasion.happened.clear();
  user.change(old, 8);
  user.post(9);

  EXPECT_EQ(told(user.plan()), "3:visual@7 4:visual@7 5:visual@7");
}

TEST(Plan, begins_where_the_alert_before_left_an_endpoint_that_is_told_of_alerts_alone) {
  User user;
  user.post(9);
  user.occasion.last_alert = 9;
  user.occasion.previous_alert = 4;

  EXPECT_EQ(told(user.plan()), "3:visual@8 4:visual@8 5:visual@4");
}

TEST(Plan, keeps_each_alert_and_their_order) {
  User user;
  user.post(8);
  user.post(9);
  user.subscriptions.resize(1);
  user.occasion.endpoints.resize(1);

  const auto plan = user.plan();

  ASSERT_EQ(plan.sends.size(), 2U);
  EXPECT_EQ(plan.sends[0].version, 8);
  EXPECT_EQ(plan.sends[1].version, 9);
}

TEST(Plan, puts_what_is_newer_behind_what_an_endpoint_still_waits_for) {
  User user;
  user.post(9);
  user.reach(kPhone).held_until = kNow + seconds(20);

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "4:visual@8 5:visual@8");
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].kind, JobKind::alert);
  EXPECT_EQ(plan.jobs[0].subscription, kPhone);
  EXPECT_EQ(plan.jobs[0].due_at, kNow + seconds(20));
  EXPECT_EQ(plan.jobs[0].version, 9);
}

TEST(Plan, lets_a_nudge_wait_for_its_budget_and_remembers_where_the_endpoint_is) {
  User user;
  auto& n = user.post(5);
  user.occasion.happened.clear();
  user.change(n, 9);
  user.reach(kPhone).next_nudge = kNow + minutes(10);

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "4:state@8");
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].kind, JobKind::nudge);
  EXPECT_EQ(plan.jobs[0].due_at, kNow + minutes(10));
  EXPECT_EQ(plan.jobs[0].guard, 8);
  EXPECT_TRUE(plan.jobs[0].notification.zero());
}

TEST(Plan, adds_nothing_to_a_nudge_that_waits_for_its_time) {
  User user;
  auto& n = user.post(5);
  user.occasion.happened.clear();
  user.change(n, 9);
  user.reach(kPhone).nudge = nudge(6, kNow + seconds(3));

  EXPECT_EQ(told(user.plan()), "4:state@8");
  EXPECT_TRUE(user.plan().jobs.empty());
}

TEST(Plan, lets_a_waiting_nudge_ride_on_the_next_alert) {
  User user;
  user.post(9);
  user.reach(kPhone).nudge = nudge(5, kNow + minutes(9));

  EXPECT_EQ(told(user.plan()), "3:visual@5 4:visual@8 5:visual@8");
}

TEST(Plan, sends_a_nudge_whose_time_has_come) {
  User user;
  auto waiting = nudge(5, kNow);
  waiting.attempts = 3;
  user.occasion.due.push_back(waiting);
  user.reach(kPhone).nudge = waiting;

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "3:state@5");
  EXPECT_EQ(plan.sends[0].attempts, 3);
  EXPECT_EQ(plan.sends[0].since, waiting.made_at);
  EXPECT_TRUE(plan.spent.empty());
}

TEST(Plan, drops_a_nudge_for_whom_it_can_not_be) {
  for (const auto& to : {kWeb, kLive, id_of<SubscriptionId>('7'), kDesk}) {
    User user;
    user.subscription(kDesk).notification_type = NotificationType::none;
    user.occasion.due.push_back({.feed = kFeed, .subscription = to, .kind = JobKind::nudge, .guard = 5});

    const auto plan = user.plan();

    EXPECT_EQ(told(plan), "");
    EXPECT_EQ(plan.spent.size(), 1U);
  }
}

TEST(Plan, sends_a_retry_with_what_was_tried_before) {
  User user;
  const auto job = user.due(user.post(7), JobKind::alert, kPhone, 3);

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "3:visual@6");
  EXPECT_EQ(plan.sends[0].attempts, 3);
  EXPECT_EQ(plan.sends[0].since, job.made_at);
  EXPECT_EQ(plan.spent.size(), 1U);
  EXPECT_TRUE(plan.fates.empty());
}

TEST(Plan, gives_up_a_retry_that_has_become_pointless) {
  User user;
  auto& n = user.post(7);
  user.due(n, JobKind::alert, kPhone);
  n.action_state = ActionState::dismissed;

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "");
  EXPECT_EQ(fates(plan), "3:superseded/handled");
  EXPECT_EQ(plan.spent.size(), 1U);
}

TEST(Plan, gives_up_a_retry_of_an_endpoint_that_has_ended) {
  User user;
  user.due(user.post(7), JobKind::alert, kPhone);
  std::erase_if(user.occasion.endpoints, [](const Reach& r) { return r.subscription->id == kPhone; });

  EXPECT_EQ(fates(user.plan()), "3:failed/subscriptionEnded");
}

TEST(Plan, drops_what_was_owed_for_an_alert_that_was_replaced) {
  for (const auto kind : {JobKind::alert, JobKind::endpoint_fallback, JobKind::mail_fallback, JobKind::escalation}) {
    User user;
    auto& n = user.post(7);
    user.due(n, kind, kPhone);
    n.alert_version = 8;

    const auto plan = user.plan();

    EXPECT_EQ(told(plan), "");
    EXPECT_EQ(plan.spent.size(), 1U);
    EXPECT_TRUE(plan.mails.empty() && plan.jobs.empty() && plan.fates.empty());
  }
}

void wish(Notification& n, std::string_view policies) { n.content.policies = policies; }
constexpr std::string_view kFirstActive = R"({"deliveryPolicy":{"mode":"firstActive","escalateAfterSeconds":20}})";
constexpr std::string_view kFallbacks =
    R"({"fallbackPolicy":{"endpointFallback":{"platformTypes":["iOS"],"fallbackDelayInSeconds":60,)"
    R"("visualContent":{"title":"Look"}},"transportFallback":{"transportType":"Email","fallbackDelayInSeconds":120,)"
    R"("emailContent":{}}}})";

TEST(Plan, lets_the_live_endpoints_go_first_where_that_is_asked_for) {
  User user;
  wish(user.post(9), kFirstActive);
  user.occasion.live = true;

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "");
  EXPECT_EQ(fates(plan), "3:pending/firstActive 4:pending/firstActive 5:pending/firstActive");
  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].kind, JobKind::escalation);
  EXPECT_EQ(plan.jobs[0].due_at, kNow + seconds(20));
}

TEST(Plan, waits_for_nobody_who_is_not_connected) {
  User user;
  wish(user.post(9), kFirstActive);

  EXPECT_EQ(told(user.plan()), "3:visual@8 4:visual@8 5:visual@8");
}

TEST(Plan, escalates_unless_an_endpoint_has_fetched) {
  User user;
  auto& n = user.post(9);
  wish(n, kFirstActive);
  user.due(n, JobKind::escalation, {});
  user.occasion.live = true;

  EXPECT_EQ(told(user.plan()), "3:visual@8 4:visual@8 5:visual@8");

  user.subscription(kLive).seen_version = 9;

  EXPECT_EQ(told(user.plan()), "");
  EXPECT_EQ(fates(user.plan()),
            "3:superseded/acknowledgedLive 4:superseded/acknowledgedLive 5:superseded/acknowledgedLive");
}

TEST(Plan, does_not_escalate_to_whoever_made_it) {
  User user;
  auto& n = user.post(9);
  wish(n, kFirstActive);
  user.due(n, JobKind::escalation, kPhone);

  EXPECT_EQ(told(user.plan()), "4:visual@8 5:visual@8");
}

TEST(Plan, owes_fallbacks_with_a_raw_notification_of_high_priority) {
  User user;
  auto& n = user.post(9);
  n.content.title.reset();
  n.content.raw_content = "data";
  wish(n, kFallbacks);

  const auto plan = user.plan();

  EXPECT_EQ(fates(plan), "3:pending 4:pending 5:pending 0:pending");
  ASSERT_EQ(plan.jobs.size(), 2U);
  EXPECT_EQ(plan.jobs[0].kind, JobKind::endpoint_fallback);
  EXPECT_EQ(plan.jobs[0].subscription, kPhone);
  EXPECT_EQ(plan.jobs[0].due_at, kNow + seconds(60));
  EXPECT_EQ(plan.jobs[1].kind, JobKind::mail_fallback);
  EXPECT_TRUE(plan.jobs[1].subscription.zero());
  EXPECT_EQ(plan.jobs[1].due_at, kNow + seconds(120));
}

TEST(Plan, owes_no_endpoint_fallback_where_there_is_something_to_show_already) {
  User user;
  wish(user.post(9), kFallbacks);

  const auto plan = user.plan();

  ASSERT_EQ(plan.jobs.size(), 1U);
  EXPECT_EQ(plan.jobs[0].kind, JobKind::mail_fallback);
}

TEST(Plan, shows_the_fallback_to_an_iOS_endpoint_that_has_not_fetched) {
  User user;
  auto& n = user.post(9);
  n.content.title.reset();
  wish(n, kFallbacks);
  user.due(n, JobKind::endpoint_fallback, kPhone);

  EXPECT_EQ(told(user.plan()), "3:fallback@8");

  user.subscription(kPhone).seen_version = 9;

  EXPECT_EQ(told(user.plan()), "");
}

TEST(Plan, falls_back_to_nothing_for_what_was_fetched_by_itself) {
  User user;
  auto& older = user.post(8);
  auto& newer = user.post(9);
  for (auto* n : {&older, &newer}) {
    n->content.title.reset();
    wish(*n, kFallbacks);
    user.due(*n, JobKind::endpoint_fallback, kPhone);
    user.due(*n, JobKind::mail_fallback, {});
  }
  user.occasion.fetched = {{newer.id, {kPhone, 9}}, {older.id, {kPhone, 7}}};

  const auto plan = user.plan();

  EXPECT_EQ(told(plan), "3:fallback@7");
  EXPECT_EQ(plan.mails.size(), 1U);
  EXPECT_EQ(fates(plan), "0:superseded/fetched");
}

TEST(Plan, mails_where_nobody_has_fetched) {
  User user;
  auto& n = user.post(9);
  wish(n, kFallbacks);
  user.due(n, JobKind::mail_fallback, {});

  EXPECT_EQ(user.plan().mails.size(), 1U);

  user.subscription(kLive).seen_version = 9;

  EXPECT_TRUE(user.plan().mails.empty());
  EXPECT_EQ(fates(user.plan()), "0:superseded/fetched");
}

TEST(Plan, mails_nothing_that_was_handled) {
  User user;
  auto& n = user.post(9);
  wish(n, kFallbacks);
  user.due(n, JobKind::mail_fallback, {});
  n.action_state = ActionState::activated;

  EXPECT_TRUE(user.plan().mails.empty());
  EXPECT_EQ(fates(user.plan()), "0:superseded/handled");
}

}  // namespace
}  // namespace hg::model
