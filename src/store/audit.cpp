#include "store/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "crypto/hash.h"
#include "store/directory.h"

namespace hg::store::audit {

namespace {

#define AUDIT_COLUMNS "seq, at, actor, action, target, detail, previous_hash, hash"

constexpr std::size_t kPage = 500;

AuditEntry entry_of(const Row& row) {
  return {.seq = row.integer(0),
          .at = row.time(1),
          .actor = row.text(2),
          .action = row.text(3),
          .target = row.text(4),
          .detail = row.text(5),
          .previous_hash = row.text(6),
          .hash = row.text(7)};
}

// Each field with its length before it, so that no two entries read alike.
std::string hash_of(const AuditEntry& entry) {
  std::string text = fmt::format("{} {} ", entry.seq, to_ms(entry.at));
  for (const std::string* field : {&entry.actor, &entry.action, &entry.target, &entry.detail, &entry.previous_hash})
    text += fmt::format("{}:{}", field->size(), *field);
  return std::string(as_text(crypto::sha256(text)));
}

std::optional<AuditEntry> last(Connection& tx) {
  auto found = list(tx, 0, 1);
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

}  // namespace

AuditEntry append(Connection& tx, AuditEntry entry) {
  // One after the other, whichever node they come from.
  tx.exec("SELECT version FROM directory_version WHERE only_row = 1 FOR UPDATE");
  const auto before = last(tx);
  entry.seq = before ? before->seq + 1 : 1;
  entry.previous_hash = before ? before->hash : std::string(32, '\0');
  entry.hash = hash_of(entry);
  tx.exec(
      "INSERT INTO audit (seq, at, actor, action, target, detail, previous_hash, hash) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {entry.seq, entry.at, entry.actor, entry.action, entry.target, entry.detail, blob(entry.previous_hash),
       blob(entry.hash)});
  return entry;
}

std::vector<AuditEntry> list(Connection& tx, std::int64_t before_seq, std::size_t limit) {
  const auto below = before_seq > 0 ? before_seq : std::numeric_limits<std::int64_t>::max();
  return tx.all("SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2", {below, limit},
                entry_of);
}

std::optional<std::int64_t> first_broken(Connection& tx) {
  std::int64_t seq = 0;
  std::string hash(32, '\0');
  while (true) {
    const auto page =
        tx.all("SELECT " AUDIT_COLUMNS " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2", {seq, kPage}, entry_of);
    for (const auto& entry : page) {
      if (entry.seq != seq + 1 || entry.previous_hash != hash || hash_of(entry) != entry.hash) return entry.seq;
      seq = entry.seq;
      hash = entry.hash;
    }
    if (page.size() < kPage) return std::nullopt;
  }
}

std::optional<AuditEntry> find(Connection& tx, std::int64_t seq) {
  return tx.first("SELECT " AUDIT_COLUMNS " FROM audit WHERE seq = $1", {seq}, entry_of);
}

#undef AUDIT_COLUMNS

}  // namespace hg::store::audit
