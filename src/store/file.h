// The store's file seen from outside, whether or not a server has it open: copied, and examined. Reads only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

// One consistent state as a new file of mode 0600, while a server writes. Throws Fault.
void copy_file(const std::string& from, const std::string& to,
               FunctionRef<void(std::int64_t copied, std::int64_t all)> progress);

struct Examination {
  std::int64_t schema = 0;
  std::int64_t newest_schema = 0;   // that this program knows
  std::int64_t oldest_program = 0;  // the schema a program must know to use it
  std::int64_t pages = 0, free_pages = 0, page_size = 0;
  std::int64_t log_bytes = 0;         // of the write-ahead log
  std::optional<Time> last_written;   // the newest time that something in it carries
  std::vector<std::string> problems;  // what quick_check and the audit log's hashes say; empty: whole
};
// Throws Fault where it is no store or cannot be read.
Examination examine_file(const std::string& path);

// Runs `work(Connection&)` in one read.
void read_file(const std::string& path, FunctionRef<void(Connection&)> work);

}  // namespace hg::store
