// The store's database server seen from outside, whether or not anybody serves from it. Reads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

struct ServerExamination {
  std::string version;              // "15.18"
  std::int64_t schema = 0;          // 0: none was made yet
  std::int64_t newest_schema = 0;   // that this program knows
  std::int64_t oldest_program = 0;  // the schema a program must know to use it
  std::int64_t bytes = 0;
  Duration answer{};                   // how long it took to answer
  Duration ahead{};                    // its clock, of this machine's
  std::vector<std::string> weakened;   // settings by which a commit may be lost: "fsync is off"
  std::optional<std::int64_t> broken;  // the line of the audit log that does not follow from the one before
};
// Throws Fault where it cannot be reached.
ServerExamination examine_server(const std::string& url);

// Runs `work(Connection&)` in one read.
void read_server(const std::string& url, FunctionRef<void(Connection&)> work);

}  // namespace hg::store
