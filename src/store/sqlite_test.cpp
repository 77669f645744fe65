#include "store/sqlite.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/testing.h"

namespace hg::store {
namespace {

using Access = SqliteConnection::Access;

struct Sqlite : testing::Test {
  TemporaryFolder folder;
  SqliteOptions options{.path = folder.file("store.db")};
  SqliteConnection writer{options, Access::write};

  void SetUp() override { writer.script("CREATE TABLE things (id INTEGER PRIMARY KEY, word TEXT)"); }
  static std::int64_t count(Connection& connection) {
    return connection.first("SELECT COUNT(*) FROM things", {}, [](const Row& row) { return row.integer(0); }).value();
  }
  // Ten pages or so.
  void add_much(int id) {
    writer.exec("INSERT INTO things (id, word) VALUES ($1, $2)", {id, std::string(40'000, 'x')});
  }
};

TEST_F(Sqlite, makes_files_that_nobody_else_may_read) {
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    struct stat file{};
    ASSERT_EQ(::stat((options.path + suffix).c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U) << suffix;
  }
}

// Whether another process, such as sqlite3 at the command line, sees that the file is in use. One that does not takes
// the log away with it when it leaves, and with the log all that is written from then on.
bool seen_in_use_by_others(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    // "File locking and concurrency in SQLite version 3": the shared bytes.
    struct flock asked{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510, .l_pid = 0};
    ::_exit(::fcntl(file, F_GETLK, &asked) == 0 && asked.l_type != F_UNLCK ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(Sqlite, is_seen_to_be_in_use_however_many_connections_come_and_go) {
  EXPECT_TRUE(seen_in_use_by_others(options.path));
  const SqliteConnection reader{options, Access::read};
  {
    SqliteConnection another{options, Access::write};
    another.script("INSERT INTO things (id, word) VALUES (1, 'one')");
    EXPECT_TRUE(seen_in_use_by_others(options.path));
  }
  EXPECT_TRUE(seen_in_use_by_others(options.path));
}

TEST_F(Sqlite, waits_for_the_disk_at_each_commit) {
  const auto pragma = [&](std::string_view sql) {
    return writer.first(sql, {}, [](const Row& row) { return row.integer(0); });
  };
  EXPECT_EQ(pragma("PRAGMA synchronous"), 2);
  EXPECT_EQ(pragma("PRAGMA foreign_keys"), 0);
  EXPECT_EQ(pragma("PRAGMA wal_autocheckpoint"), 0);
}

TEST_F(Sqlite, a_reader_sees_one_state_while_another_writes) {
  SqliteConnection reader(options, Access::read);
  reader.begin();
  EXPECT_EQ(count(reader), 0);
  writer.exec("INSERT INTO things (id) VALUES ($1)", {1});
  EXPECT_EQ(count(reader), 0);
  reader.commit();
  EXPECT_EQ(count(reader), 1);
}

TEST_F(Sqlite, a_reader_cannot_write) {
  SqliteConnection reader(options, Access::read);
  EXPECT_THROW(reader.exec("DELETE FROM things"), Fault);
}

TEST_F(Sqlite, a_full_store_is_told_from_a_broken_constraint_and_keeps_nothing_of_the_transaction) {
  writer.exec("INSERT INTO things (id) VALUES ($1)", {0});
  writer.set_max_pages(40);
  writer.begin();
  try {
    for (int id = 1; id < 100; ++id) add_much(id);
    FAIL() << "the store was to be full";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::full);
  }
  writer.rollback();
  EXPECT_EQ(count(writer), 1);
}

TEST_F(Sqlite, a_full_store_is_well_again_once_there_is_room) {
  writer.set_max_pages(20);
  EXPECT_THROW(
      {
        for (int id = 1; id < 100; ++id) add_much(id);
      },
      Fault);
  const auto before = count(writer);
  writer.set_max_pages(0);
  add_much(1'000);
  EXPECT_EQ(count(writer), before + 1);
}

TEST_F(Sqlite, a_full_store_still_reads_and_deletes) {
  writer.set_max_pages(20);
  EXPECT_THROW(
      {
        for (int id = 1; id < 100; ++id) add_much(id);
      },
      Fault);
  const auto before = count(writer);
  EXPECT_GT(before, 0);
  EXPECT_EQ(writer.exec("DELETE FROM things"), before);
}

TEST_F(Sqlite, a_fault_that_ended_the_transaction_says_so) {
  writer.begin();
  writer.exec("INSERT INTO things (id) VALUES ($1)", {1});
  try {
    writer.exec("INSERT OR ROLLBACK INTO things (id) VALUES ($1)", {1});
    FAIL() << "a constraint was to break";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::constraint);
  }
  EXPECT_THROW(writer.commit(), Fault);
  try {
    writer.commit();
  } catch (const Fault& fault) {
    EXPECT_TRUE(fault.transaction_lost());
  }
  writer.rollback();
  EXPECT_EQ(count(writer), 0);
}

TEST_F(Sqlite, a_checkpoint_beside_the_writer_lets_the_log_begin_anew) {
  SqliteConnection beside(options, Access::write);
  int pages = 0;
  writer.on_log([&](int in_log) { pages = in_log; });
  for (int id = 1; id <= 20; ++id) add_much(id);
  EXPECT_GT(pages, 100);
  EXPECT_TRUE(beside.checkpoint());
  add_much(21);
  EXPECT_LT(pages, 30);
}

TEST_F(Sqlite, a_checkpoint_leaves_what_a_reader_still_needs) {
  SqliteConnection reader(options, Access::read);
  SqliteConnection beside(options, Access::write);
  add_much(1);
  reader.begin();
  EXPECT_EQ(count(reader), 1);
  add_much(2);
  EXPECT_FALSE(beside.checkpoint());
  EXPECT_EQ(count(reader), 1);
  reader.commit();
  EXPECT_TRUE(beside.checkpoint());
}

TEST(SqliteOpen, names_the_file_it_cannot_open) {
  try {
    const SqliteConnection connection({.path = "/nonexistent/store.db"}, Access::write);
    FAIL() << "there is no such folder";
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("/nonexistent/store.db"), std::string::npos);
    EXPECT_EQ(fault.kind(), Fault::Kind::io);
  }
}

}  // namespace
}  // namespace hg::store
