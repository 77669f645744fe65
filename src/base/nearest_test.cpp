#include "base/nearest.h"

#include <gtest/gtest.h>

namespace hg {
namespace {

TEST(Nearest, counts_letters_put_in_taken_out_and_changed) {
  EXPECT_EQ(edit_distance("listen", "listen"), 0U);
  EXPECT_EQ(edit_distance("listn", "listen"), 1U);
  EXPECT_EQ(edit_distance("--dat", "--data"), 1U);
  EXPECT_EQ(edit_distance("sevre", "serve"), 2U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

}  // namespace
}  // namespace hg
