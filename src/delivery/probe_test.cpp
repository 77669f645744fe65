#include "delivery/probe.h"

#include <gtest/gtest.h>

namespace hg::delivery {
namespace {

using State = Probed::State;

TEST(Probe, a_web_push_subject_is_of_somebody_who_can_be_reached) {
  for (const char* good : {"mailto:push@contoso.com", "https://contoso.com", "https://contoso.com:8443/contact",
                           "mailto:a@b@mail.contoso.com"})
    EXPECT_EQ(judge_subject(good).state, State::ok) << good;
  for (const char* bad : {"", "push@contoso.com", "http://contoso.com", "mailto:push", "mailto:push@localhost",
                          "https://localhost", "https://localhost:8080/", "https://printer.local",
                          "https://app.internal", "mailto:push@contoso.test", "https://intranet"})
    EXPECT_EQ(judge_subject(bad).state, State::refused) << bad;
  EXPECT_EQ(judge_subject("https://intranet").reason, "https://intranet names no domain of the internet");
}

}  // namespace
}  // namespace hg::delivery
