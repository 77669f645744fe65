#include "identity/host_proof.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::identity {
namespace {

const ApplicationId kMember = *ApplicationId::parse("3f0c2b1e-0000-4000-8000-000000000001");

TEST(HostProof, is_a_file_that_names_a_member) {
  for (const char* good : {R"([{"platform": "heliograph", "application": "3f0c2b1e-0000-4000-8000-000000000001"}])",
                           R"([{"platform": "AAD", "application": "3F0C2B1E-0000-4000-8000-000000000001"}])",
                           R"([{"platform": "windows_universal", "application": "Contoso_8wekyb3d8bbwe"}, 7,
            {"platform": "msa", "application": "3f0c2b1e-0000-4000-8000-000000000001", "more": true}])"})
    EXPECT_EQ(judge_host_file(good, {kMember}), "") << good;
  for (const char* wrong : {"", "{}", "[]", "<html>", R"([{"platform": "heliograph"}])",
                            R"([{"platform": "heliograph", "application": 7}])",
                            R"([{"platform": "heliograph", "application": "3f0c2b1e-0000-4000-8000-000000000002"}])",
                            R"([{"platform": "android", "application": "3f0c2b1e-0000-4000-8000-000000000001"}])",
                            R"({"platform": "heliograph", "application": "3f0c2b1e-0000-4000-8000-000000000001"})"})
    EXPECT_NE(judge_host_file(wrong, {kMember}), "") << wrong;
  EXPECT_NE(
      judge_host_file(R"([{"platform": "heliograph", "application": "3f0c2b1e-0000-4000-8000-000000000001"}])", {}),
      "");
}

TEST(HostProof, is_a_record_with_the_apps_own_value) {
  const auto key = crypto::SealingKey::generate();
  const AppId one{crypto::random_guid()}, other{crypto::random_guid()};
  const std::string value = host_proof_value(one, key);
  EXPECT_EQ(value, host_proof_value(one, key));
  EXPECT_NE(value, host_proof_value(other, key));
  EXPECT_EQ(judge_txt_records({"v=spf1", "heliograph=" + value}, value), "");
  for (const std::string& wrong : {value, "heliograph=" + host_proof_value(other, key), "heliograph=" + value + "x",
                                   "Heliograph=" + value, std::string()})
    EXPECT_NE(judge_txt_records({wrong}, value), "") << wrong;
}

}  // namespace
}  // namespace hg::identity
