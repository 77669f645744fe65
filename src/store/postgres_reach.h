// How a PostgreSQL server is reached: what the URL says, and what we say where it says nothing. For the driver alone.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/postgres.h"

namespace hg::store::postgres {

class Reach {
 public:
  // `application`: what the server shows of who is connected. Throws Fault where the URL is none.
  Reach(const PostgresOptions& options, std::string_view application);

  // Waits; a connection in whatever state.
  [[nodiscard]] PGconn* connect() const;
  // To be run first on each. As parameters of the connection a pooler would refuse or forget them.
  [[nodiscard]] const std::string& settings() const { return settings_; }

 private:
  void add(std::string name, std::string value);
  void otherwise(std::string_view name, std::string_view value);

  std::vector<std::pair<std::string, std::string>> all_;
  std::string settings_;
};

}  // namespace hg::store::postgres
