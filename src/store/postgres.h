// The PostgreSQL driver (libpq): a connection that is made when it is first used and made again after it was lost, with
// growing pauses. Works on databases that speak PostgreSQL's protocol too.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "store/sql.h"

struct pg_result;

namespace hg::store {

struct PostgresOptions {
  // postgresql://… with libpq's own parameters, TLS among them; several hosts may be named. What is said here of time
  // and target_session_attrs holds, else what follows does.
  std::string url = {};
  Duration statement = std::chrono::seconds(10);  // the longest that one may take
  Duration lock = std::chrono::seconds(2);        // that it waits for another transaction's row
  Duration idle = std::chrono::seconds(10);       // that a transaction may do nothing: who stopped lets go
};

class PostgresConnection final : public Connection {
 public:
  // Who reads sees one state in each transaction, and writes nothing.
  enum class Access : std::uint8_t { write, read };

  PostgresConnection(PostgresOptions options, Access access);
  ~PostgresConnection() override;

  using Connection::exec;
  using Connection::later;
  std::int64_t exec(std::string_view sql, std::span<const Value> parameters, Each each) override;
  void later(std::string_view sql, std::span<const Value> parameters, Each each) override;
  void settle() override;
  void script(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() override;
  [[nodiscard]] Dialect dialect() const override { return Dialect::postgresql; }
  void time_commits(metrics::Histogram& seconds) override { commits_ = &seconds; }

 private:
  struct Handle;
  struct Statement;

  using LastAnswer = std::unique_ptr<pg_result, void (*)(pg_result*)>;

  void ready();
  const Statement& prepared(std::string_view sql);
  void send(std::string_view sql, std::span<const Value> parameters, Each each);
  LastAnswer last_answer(std::string_view doing);
  [[noreturn]] void lost(std::string_view doing);

  const PostgresOptions options_;
  const Access access_;
  std::unique_ptr<Handle> handle_;
  metrics::Histogram* commits_ = nullptr;
};

// The URL without what is secret in it, for people: "postgresql://db.example:5432/heliograph".
std::string readable_url(const std::string& url);

}  // namespace hg::store
