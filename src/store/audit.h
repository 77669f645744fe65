// The audit log: each entry carries the hash of the one before, so that none can be changed or taken out unseen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/sql.h"

namespace hg::store {

struct AuditEntry {
  std::int64_t seq = 0;  // given by append
  Time at{};
  std::string actor = {};   // who: a UPN, a client id, "cli"
  std::string action = {};  // "application.create"
  std::string target = {};
  std::string detail = {};         // JSON, no secrets; "" none
  std::string previous_hash = {};  // 32 bytes, given by append; zeros in the first
  std::string hash = {};           // SHA-256 of all of the above
};

namespace audit {

AuditEntry append(Connection& tx, AuditEntry entry);
std::vector<AuditEntry> list(Connection& tx, std::int64_t before_seq,
                             std::size_t limit);  // newest first; 0: from the end
// The first entry that does not follow from the one before, or nullopt.
std::optional<std::int64_t> first_broken(Connection& tx);
std::optional<AuditEntry> find(Connection& tx, std::int64_t seq);

}  // namespace audit
}  // namespace hg::store
