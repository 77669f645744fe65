// The directory: what every node knows of users, applications, cross-device apps and keys. Its version grows with each
// change of them, so that a node sees with one short read whether what it holds in memory is still true.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql.h"

namespace hg::store {

std::int64_t directory_version(Connection& tx);
// Before a row of the directory is read to be written back: whoever else changes the directory has to wait, so that
// nothing of theirs is written over. A database server lets several write at a time.
void lock_directory(Connection& tx);
// Called by every function that changes the directory; locks it until the transaction ends.
void bump_directory(Connection& tx);

// Lists of texts, and of pairs of texts, in one column.
std::string to_json(const std::vector<std::string>& texts);
std::vector<std::string> texts_from_json(std::string_view text);
std::string to_json(const std::vector<std::pair<std::string, std::string>>& pairs);
std::vector<std::pair<std::string, std::string>> pairs_from_json(std::string_view text);

}  // namespace hg::store
