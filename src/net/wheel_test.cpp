#include "net/wheel.h"

#include <gtest/gtest.h>

#include <optional>

namespace hg::net {
namespace {

struct Bell {
  int rings = 0;
  Alarm alarm = Alarm::of<&Bell::ring>(this);
  void ring() { ++rings; }
};

int notches_until_it_rings(Duration delay) {
  Wheel wheel;
  Bell bell;
  wheel.arm(bell.alarm, delay);
  int notches = 0;
  while (bell.rings == 0 && notches < 5000) wheel.turn(), ++notches;
  return notches;
}

TEST(Wheel, rings_not_early_and_at_most_two_notches_late) {
  EXPECT_EQ(notches_until_it_rings(Duration{0}), 1);
  EXPECT_EQ(notches_until_it_rings(Duration{250}), 2);
  EXPECT_EQ(notches_until_it_rings(Duration{251}), 3);
}

TEST(Wheel, counts_rounds_for_what_is_further_than_its_rim) {
  EXPECT_EQ(notches_until_it_rings(Duration{250 * 1500}), 1501);
}

TEST(Wheel, rings_once) {
  Wheel wheel;
  Bell bell;
  wheel.arm(bell.alarm, Duration{0});
  for (int notch = 0; notch < 2000; ++notch) wheel.turn();
  EXPECT_EQ(bell.rings, 1);
  EXPECT_TRUE(wheel.empty());
}

TEST(Wheel, moves_an_alarm_that_is_armed_again) {
  Wheel wheel;
  Bell bell;
  wheel.arm(bell.alarm, Duration{0});
  wheel.arm(bell.alarm, Duration{1000});
  wheel.turn();
  EXPECT_EQ(bell.rings, 0);
  EXPECT_FALSE(wheel.empty());
}

TEST(Wheel, forgets_alarms_that_are_gone) {
  Wheel wheel;
  {
    Bell bell;
    wheel.arm(bell.alarm, Duration{0});
  }
  EXPECT_TRUE(wheel.empty());
  wheel.turn();
}

// Each rings for the same notch; the first takes the second away and arms itself anew.
struct Jealous {
  Wheel& wheel;
  std::optional<Bell>& other;
  int rings = 0;
  Alarm alarm = Alarm::of<&Jealous::ring>(this);
  void ring() {
    ++rings;
    other.reset();
    if (rings < 3) wheel.arm(alarm, Duration{0});
  }
};

TEST(Wheel, lets_an_alarm_rearm_itself_and_destroy_another) {
  Wheel wheel;
  std::optional<Bell> victim(std::in_place);
  Jealous jealous{wheel, victim};
  wheel.arm(jealous.alarm, Duration{0});
  wheel.arm(victim->alarm, Duration{0});
  for (int notch = 0; notch < 10; ++notch) wheel.turn();
  EXPECT_EQ(jealous.rings, 3);
  EXPECT_FALSE(victim);
}

}  // namespace
}  // namespace hg::net
