// Where everything is kept, as the configuration says: SQLite in the data directory, or a PostgreSQL server.
#pragma once

#include "app/config.h"
#include "app/data.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "store/database.h"

namespace hg::app {

// Whether `store` names a server.
inline bool on_server(const Config& config) { return !config.store.empty(); }

// What to open. Code::not_found where `store` names a file or a variable that is not there.
Result<store::Database::Options> store_of(const Config& config, const DataFiles& files);

// Whether a deployment was made in it.
bool founded(store::Connection& tx);

// Opened to be served from: Code::not_found where no deployment was made in it.
Result<std::unique_ptr<store::Database>> open_store(const Config& config, const DataFiles& files);

// Runs `work` in one read, whether or not a server has the store open. Throws store::Fault.
Result<void> read_store(const Config& config, const DataFiles& files, FunctionRef<void(store::Connection&)> work);

}  // namespace hg::app
