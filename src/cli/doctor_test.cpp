#include "cli/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "store/testing.h"

namespace hg::cli {
namespace {

constexpr std::int64_t kMega = 1'000'000;

TEST(Doctor, judges_a_disk_by_room_and_inodes) {
  EXPECT_EQ(judge_disk(100'000 * kMega, 200'000 * kMega, 1'000'000, 2'000'000).health, Health::ok);
  EXPECT_EQ(judge_disk(999 * kMega, 200'000 * kMega, 1'000'000, 2'000'000).health, Health::warn);
  EXPECT_EQ(judge_disk(63 * kMega, 200'000 * kMega, 1'000'000, 2'000'000).health, Health::fail);
  EXPECT_EQ(judge_disk(100'000 * kMega, 200'000 * kMega, 3, 2'000'000).health, Health::fail);
  EXPECT_EQ(judge_disk(100'000 * kMega, 200'000 * kMega, 0, 0).health, Health::ok) << "btrfs counts no inodes";
}

TEST(Doctor, judges_descriptors) {
  EXPECT_EQ(judge_descriptors(128, 16, "it").health, Health::fail);
  EXPECT_EQ(judge_descriptors(1'024, 16, "it").health, Health::warn);
  EXPECT_EQ(judge_descriptors(65'536, 16'384, "it").health, Health::ok);
  const auto less = judge_descriptors(10'000, 16'384, "it");
  EXPECT_EQ(less.health, Health::warn);
  EXPECT_TRUE(less.evidence.contains("leaves 9872, and limits.connections is 16384")) << less.evidence;
}

TEST(Doctor, sizes_are_readable) {
  EXPECT_EQ(readable_size(999), "999 B");
  EXPECT_EQ(readable_size(1'500'000), "1.5 MB");
}

TEST(Doctor, throws_nothing_at_any_rubbish) {
  const store::TemporaryFolder folder;
  std::ofstream(folder.file("heliograph.db")) << std::string(8'192, 'x');
  std::ofstream(folder.file("sealing.key")) << "rubbish";
  std::filesystem::create_directory(folder.file("heliograph.lock"));
  const std::string data = std::filesystem::path(folder.file("x")).parent_path();
  for (const std::string& where : {data, data + "/sealing.key", data + "/none", std::string(), std::string("/proc")}) {
    const Findings findings = examine("", where);
    EXPECT_TRUE(std::ranges::any_of(findings, [](const Finding& f) { return f.health == Health::fail; })) << where;
    for (const Finding& finding : findings) {
      EXPECT_FALSE(finding.evidence.empty()) << finding.check;
      EXPECT_EQ(finding.evidence.find('\n'), std::string::npos) << finding.evidence;
    }
  }
}

}  // namespace
}  // namespace hg::cli
