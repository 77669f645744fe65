#include "store/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/settings.h"
#include "store/testing.h"

namespace hg::store {
namespace {

const auto nobody_asks = [](std::int64_t, std::int64_t) {};

TEST(StoreFile, a_copy_is_one_state_while_somebody_writes) {
  TemporaryStore store;
  TemporaryFolder folder;
  const std::string copy = folder.file("copy.db");
  std::atomic<bool> going = true;
  const auto put = [&](int n) {
    store->transact_now([&](Connection& tx) {
      settings::put(tx, "a", std::to_string(n));
      settings::put(tx, "b" + std::to_string(n % 512), std::string(4'000, 'x'));
      settings::put(tx, "z", std::to_string(n));
    });
  };
  for (int n = 0; n < 512; ++n) put(n);
  std::thread writer([&] {
    for (int n = 512; going; ++n) put(n);
  });

  std::int64_t last = 0;
  copy_file(store.path(), copy, [&](std::int64_t copied, std::int64_t) {
    EXPECT_GE(copied, last);
    last = copied;
  });
  going = false;
  writer.join();

  EXPECT_GT(last, 500);
  struct stat info{};
  ASSERT_EQ(::stat(copy.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  read_file(copy, [](Connection& tx) { EXPECT_EQ(settings::find(tx, "a"), settings::find(tx, "z")); });
  EXPECT_TRUE(examine_file(copy).problems.empty());
}

TEST(StoreFile, an_examination_finds_the_schema_and_no_problem_in_a_whole_store) {
  TemporaryStore store;
  const Examination seen = examine_file(store.path());
  EXPECT_EQ(seen.schema, seen.newest_schema);
  EXPECT_GT(seen.pages, 0);
  EXPECT_TRUE(seen.problems.empty());
}

TEST(StoreFile, an_examination_finds_broken_pages) {
  TemporaryFolder folder;
  const std::string copy = folder.file("copy.db");
  {
    TemporaryStore store;
    for (int n = 0; n < 200; ++n)
      store->transact_now([&](Connection& tx) { settings::put(tx, std::to_string(n), std::string(2'000, 'x')); });
    copy_file(store.path(), copy, nobody_asks);
  }
  const std::int64_t page = 4'096;
  {
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    const std::string garbage(static_cast<std::size_t>(page), '\x7f');
    const auto pages = static_cast<std::int64_t>(std::filesystem::file_size(copy)) / page;
    for (std::int64_t n = pages - 40; n < pages - 20; ++n) {
      file.seekp(n * page);
      file.write(garbage.data(), page);
    }
  }
  EXPECT_FALSE(examine_file(copy).problems.empty());
}

TEST(StoreFile, what_is_no_store_is_a_fault) {
  TemporaryFolder folder;
  const std::string file = folder.file("heliograph.db");
  std::ofstream(file) << std::string(10'000, 'x');
  EXPECT_THROW((void)examine_file(file), Fault);
  EXPECT_THROW((void)examine_file(folder.file("none.db")), Fault);
}

TEST(StoreFile, a_copy_that_cannot_be_written_is_a_fault) {
  TemporaryStore store;
  EXPECT_THROW(copy_file(store.path(), "/proc/nowhere/copy.db", nobody_asks), Fault);
}

}  // namespace
}  // namespace hg::store
