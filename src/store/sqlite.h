// The SQLite driver: a file in WAL mode, synchronous=FULL, one connection that writes and others that read.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "store/sql.h"

namespace hg::store {

struct SqliteOptions {
  std::string path = {};
  std::int64_t max_pages = 0;  // bound of the file, for tests of a full disk; 0: none
};

class SqliteConnection final : public Connection {
 public:
  enum class Access : std::uint8_t { write, read };

  // Access::write makes the file (mode 0600) where there is none. Throws Fault.
  SqliteConnection(const SqliteOptions& options, Access access);
  ~SqliteConnection() override;

  using Connection::exec;
  std::int64_t exec(std::string_view sql, std::span<const Value> parameters, Each each) override;
  void script(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() override;
  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }
  void time_commits(metrics::Histogram& seconds) override;

  // Called after each commit with the pages in the write-ahead log, and with kDiskFull when the disk was full, for
  // emptying the log is what may make room. Must not use the connection.
  static constexpr int kDiskFull = std::numeric_limits<int>::max();
  void on_log(std::function<void(int pages)> listener);
  // Moves pages from the log to the file without making anybody wait. True: all of them, so that the next commit
  // begins the log anew.
  bool checkpoint();
  // Bytes that SQLite has allocated in this process, page caches most of all.
  static std::int64_t memory();
  // 0: no bound.
  void set_max_pages(std::int64_t pages);
  // Copies one consistent state to a file that is made anew (mode 0600), page by page, while others write; until it is
  // done the log cannot begin anew. Outside of a transaction only. Throws Fault, and leaves what it made then.
  void copy_to(const std::string& path, FunctionRef<void(std::int64_t copied, std::int64_t all)> progress);

 private:
  struct Statement;
  struct Handle;
  explicit SqliteConnection(const std::string& copy);
  [[noreturn]] void raise(int code, std::string_view doing);
  void run(const char* sql);
  std::unique_ptr<Statement> prepare(std::string_view sql);
  std::unique_ptr<Statement> take(std::string_view sql);
  void keep(std::string_view sql, std::unique_ptr<Statement> statement);
  std::unique_ptr<Handle> handle_;
};

}  // namespace hg::store
