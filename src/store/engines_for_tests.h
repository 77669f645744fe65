// For tests: the engines there are, each with a store of its own for whoever asks. PostgreSQL is started once for the
// test program (tools/postgres), and ends with it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "store/database.h"
#include "store/migrate.h"
#include "store/postgres.h"
#include "store/sqlite.h"

extern char** environ;

namespace hg::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "heliograph-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class PostgresServer {
 public:
  // The one that all tests share. Nothing it holds is to survive the machine.
  static PostgresServer& shared() {
    static PostgresServer server({"-c", "fsync=off"});
    return server;
  }

  explicit PostgresServer(std::vector<std::string> arguments) {
    std::array<int, 2> input{}, output{};
    if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    arguments.insert(arguments.begin(), tool());
    std::vector<char*> raw;
    for (auto& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);
    const int failed = ::posix_spawn(&process_, raw.front(), &actions, nullptr, raw.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    to_ = input[1];
    from_ = output[0];
    url_ = failed == 0 ? line() : "";
    if (!url_.starts_with("postgresql://")) throw std::runtime_error("tools/postgres has not begun");
  }
  ~PostgresServer() {
    ::close(to_);
    ::close(from_);
    ::waitpid(process_, nullptr, 0);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Of its administrator.
  [[nodiscard]] const std::string& url() const { return url_; }
  // A place for tables that nobody else has.
  [[nodiscard]] std::string place() const {
    static std::atomic<int> places = 0;
    const std::string name = "place" + std::to_string(++places);
    PostgresConnection({.url = url_}, PostgresConnection::Access::write).script("CREATE SCHEMA " + name);
    return url_ + "&options=-csearch_path%3D" + name;
  }
  // "kill", "stop", "start" (tools/postgres); when it is done.
  void tell(const std::string& word) {
    const std::string text = word + "\n";
    if (::write(to_, text.data(), text.size()) < 0 || line() != "done")
      throw std::runtime_error("tools/postgres: " + word);
  }

 private:
  static std::string tool() {
    for (auto folder = std::filesystem::canonical("/proc/self/exe"); folder.has_relative_path();
         folder = folder.parent_path())
      if (exists(folder / "tools/postgres")) return (folder / "tools/postgres").string();
    throw std::runtime_error("tools/postgres is not above this program");
  }
  std::string line() const {
    std::string read;
    for (char c = 0; ::read(from_, &c, 1) == 1 && c != '\n';) read += c;
    return read;
  }

  pid_t process_ = 0;
  int to_ = -1, from_ = -1;
  std::string url_;
};

struct Engine {
  std::string name;
  std::string integer, text, bytes;  // its column types
  std::span<const EmbeddedFile> (*migrations)();
  // A store that nobody else has: its folder or its URL.
  std::string (*place)(const TemporaryFolder& folder);
  std::unique_ptr<Connection> (*open)(const std::string& place);
  Database::Options (*options)(const std::string& place);
};

inline const Engine kSqlite{.name = "sqlite",
                            .integer = "INTEGER",
                            .text = "TEXT",
                            .bytes = "BLOB",
                            .migrations = sqlite_migrations,
                            .place = [](const TemporaryFolder& folder) { return folder.file("heliograph.db"); },
                            .open = [](const std::string& place) -> std::unique_ptr<Connection> {
                              return std::make_unique<SqliteConnection>(SqliteOptions{.path = place},
                                                                        SqliteConnection::Access::write);
                            },
                            .options = [](const std::string& place) { return Database::Options{.path = place}; }};

inline const Engine kPostgres{.name = "postgresql",
                              .integer = "BIGINT",
                              .text = "TEXT COLLATE \"C\"",
                              .bytes = "BYTEA",
                              .migrations = postgres_migrations,
                              .place = [](const TemporaryFolder&) { return PostgresServer::shared().place(); },
                              .open = [](const std::string& place) -> std::unique_ptr<Connection> {
                                return std::make_unique<PostgresConnection>(PostgresOptions{.url = place},
                                                                            PostgresConnection::Access::write);
                              },
                              .options = [](const std::string& place) { return Database::Options{.url = place}; }};

// That which TEST_STORE names (postgres), else SQLite: tests of what lies above the store run on both.
inline const Engine& chosen_engine() {
  const char* named = std::getenv("TEST_STORE");
  return named != nullptr && std::string_view(named) == "postgres" ? kPostgres : kSqlite;
}

#define HG_ON_BOTH_ENGINES(suite)                                                 \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::Values(&kSqlite, &kPostgres), \
                           [](const auto& engine) { return engine.param->name; })

}  // namespace hg::store
