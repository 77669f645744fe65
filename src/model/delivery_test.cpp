#include "model/delivery.h"

#include <gtest/gtest.h>

namespace hg::model {
namespace {

constexpr Time kNow = from_ms(1'800'000'000'000);
const SubscriptionId kPhone{*Guid::parse("119081f2-0000-4000-8000-000000000001")};

TEST(Delivery, report_is_read_as_it_was_written) {
  Report report{.alert_version = 7, .deliveries = {}};
  report.deliveries.push_back({.subscription = kPhone,
                               .carrier = ChannelKind::webpush,
                               .device_name = "Alice's \"phone\" 📱",
                               .outcome = Outcome::retrying,
                               .reason = "503",
                               .attempts = 4,
                               .owed_at = kNow,
                               .sent_at = kNow + Duration(1),
                               .changed_at = kNow + Duration(2),
                               .platform_id = "m-1",
                               .location = "https://push.example/m/1",
                               .fallback_at = kNow + Duration(3),
                               .cleared_at = kNow + Duration(4)});
  report.deliveries.push_back({.carrier = ChannelKind::email});
  report.fetched = {{kPhone, 6}, {kPhone, 7}};

  const auto read = parse_report(report_text(report));

  EXPECT_EQ(read.alert_version, 7);
  EXPECT_EQ(read.deliveries, report.deliveries);
  EXPECT_EQ(read.fetched, report.fetched);
  EXPECT_TRUE(read.fetched_by(kPhone, 7));
  EXPECT_FALSE(read.fetched_by(kPhone, 8) || read.fetched_by({}, 7));
}

TEST(Delivery, line_of_an_endpoint_is_not_that_of_the_mail) {
  Report report{.alert_version = 1, .deliveries = {{.carrier = ChannelKind::email}, {.subscription = kPhone}}};

  EXPECT_EQ(report.find(SubscriptionId{}), nullptr);
  EXPECT_EQ(report.find(SubscriptionId{}, ChannelKind::email), &report.deliveries[0]);
  EXPECT_EQ(report.find(kPhone), &report.deliveries[1]);
}

TEST(Delivery, outcomes_have_names) {
  EXPECT_EQ(name(Outcome::pending), "pending");
  EXPECT_EQ(name(Outcome::not_targeted), "notTargeted");
}

}  // namespace
}  // namespace hg::model
