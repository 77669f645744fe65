// Numbered migrations (src/store/migrations/<engine>/NNNN_name.sql), forward only, each in a transaction of its own,
// recorded in the table schema_version.
#pragma once

#include <cstdint>
#include <span>

#include "base/embedded.h"
#include "base/result.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

// By name, which begins with the number. Built into the program.
std::span<const EmbeddedFile> sqlite_migrations();
std::span<const EmbeddedFile> postgres_migrations();

std::int64_t number_of(const EmbeddedFile& migration);

// Brings the store up to the newest of `migrations`. A migration serves older programs only where its text has a line
// "-- oldest program: N", the newest migration that the oldest of them has (CONTRIBUTING.md). Code::unavailable, naming
// both numbers, where the store's schema is newer than this program and does not serve it.
Result<void> migrate(Connection& connection, std::span<const EmbeddedFile> migrations, Time now);

// The number of the newest migration that was run; 0 for an empty store.
std::int64_t schema_version(Connection& connection);

}  // namespace hg::store
