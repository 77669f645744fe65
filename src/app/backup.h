// A backup: the store as it was at one moment, the sealing key, DIR/tls and the configuration file, in one sealed
// archive (app/archive.h); taken while a server writes. A store on a PostgreSQL server is no part of it: that has tools
// of its own. A restored store is of a new epoch: whoever holds a token of the lost tail starts again, and no change is
// ever skipped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/data.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "base/time.h"

namespace hg::app {

// What is being done, and how far it is.
using Progress = FunctionRef<void(std::string_view doing, std::int64_t done, std::int64_t all)>;

struct BackedUp {
  Time made{};
  std::int64_t bytes = 0;        // of the archive
  std::int64_t store_bytes = 0;  // 0: it is on a server
  std::vector<std::string> files = {};
};
// Writes `to` whole or not at all; needs room for a copy of the store beside it until it is done. `config_file`: "" for
// none.
Result<BackedUp> back_up(const Config& config, const std::string& config_file, const std::string& to,
                         std::string_view passphrase, Progress progress);

struct Restored {
  Time made{};              // the backup
  std::string version;      // of the program that made it
  std::uint32_t epoch = 0;  // 0: the store is on a server, and has the one it had
  std::vector<std::string> files = {};
};
// Into a directory that is empty or not there, whole or not at all. Code::conflict where there is something in it.
Result<Restored> restore(const std::string& from, const std::string& data, std::string_view passphrase,
                         Progress progress);

// For a store that was put back by other means: gives it a new epoch, while no server runs.
Result<std::uint32_t> renew_epoch(const Config& config);

}  // namespace hg::app
