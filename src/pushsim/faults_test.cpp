#include "pushsim/faults.h"

#include <gtest/gtest.h>

namespace hg::pushsim {
namespace {

TEST(Faults, meet_the_requests_they_name) {
  Faults faults(1);
  faults.add({{"fault", "reset"}, {"platform", "apns"}, {"endpoint", "a"}}).value();
  EXPECT_TRUE(faults.draw(Platform::apns, "push", "a"));
  EXPECT_FALSE(faults.draw(Platform::apns, "push", "b"));
  EXPECT_FALSE(faults.draw(Platform::fcm, "push", "a"));
  EXPECT_FALSE(faults.draw(Platform::apns, "token", "a"));
}

TEST(Faults, meet_so_many_and_no_more) {
  Faults faults(1);
  faults.add({{"fault", "reset"}, {"times", 2}}).value();
  faults.add({{"fault", "hang"}}).value();
  EXPECT_EQ(faults.draw(Platform::fcm, "push", "")->kind, Fault::Kind::reset);
  EXPECT_EQ(faults.draw(Platform::fcm, "push", "")->kind, Fault::Kind::reset);
  EXPECT_EQ(faults.draw(Platform::fcm, "push", "")->kind, Fault::Kind::hang);
}

TEST(Faults, meet_a_proportion_the_same_each_time) {
  const auto hits = [](std::uint64_t seed) {
    Faults faults(seed);
    faults.add({{"fault", "reset"}, {"proportion", 0.05}}).value();
    std::vector<bool> hit;
    for (int i = 0; i < 10'000; ++i) hit.push_back(faults.draw(Platform::wns, "push", "").has_value());
    return hit;
  };
  const auto first = hits(7);
  const auto count = std::ranges::count(first, true);
  EXPECT_GT(count, 400);
  EXPECT_LT(count, 600);
  EXPECT_EQ(first, hits(7));
  EXPECT_NE(first, hits(8));
}

TEST(Faults, are_understood_or_refused) {
  Faults faults(1);
  for (const json::object& wrong :
       {json::object{{"fault", "explode"}}, json::object{{"platform", "gcm"}}, json::object{{"proportion", 2}},
        json::object{{"times", 0}}, json::object{{"status", 99}}, json::object{{"latencyMs", -1}},
        json::object{{"after", "yes"}}, json::object{{"retryAfter", "1"}}, json::object{{"colour", "red"}}})
    EXPECT_FALSE(faults.add(wrong)) << json::serialize(wrong);
  const auto id = faults.add({{"fault", "status"}, {"status", 503}, {"latencyMs", 5}, {"platform", "webPush"}}).value();
  EXPECT_EQ(faults.list().size(), 1U);
  EXPECT_TRUE(faults.remove(id));
  EXPECT_FALSE(faults.remove(id));
}

}  // namespace
}  // namespace hg::pushsim
