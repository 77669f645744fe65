#include "store/jobs.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "store/testing.h"

namespace hg::store {
namespace {

TEST(Jobs, tell_how_many_are_due_and_how_long) {
  TemporaryStore store;
  const Time now = from_ms(1'800'000'000'000);
  const auto due_at = [&](Time due) {
    return Job{.feed = {UserId{crypto::random_guid()}, AppId{crypto::random_guid()}},
               .notification = NotificationId{crypto::random_guid()},
               .due_at = due};
  };
  const auto backlog = [&] { return store->read_now([&](Connection& tx) { return jobs::backlog(tx, now); }); };
  EXPECT_EQ(backlog().jobs, 0);
  EXPECT_EQ(backlog().age, Duration{0});

  store->transact_now([&](Connection& tx) {
    for (const int minutes : {-5, -1, 3}) jobs::put(tx, due_at(now + std::chrono::minutes(minutes)));
  });
  EXPECT_EQ(backlog().jobs, 2);
  EXPECT_EQ(backlog().age, std::chrono::minutes(5));
}

}  // namespace
}  // namespace hg::store
