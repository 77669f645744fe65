#include "store/credentials.h"

#include <fmt/format.h>

#include "store/directory.h"

namespace hg::store::credentials {

namespace {

#define HG_COLUMNS "id, app_id, platform, app_ids, facts, sealed, created_at, broken_at, broken_reason"

Credential read(const Row& row) {
  return {.id = row.guid(0),
          .app = row.id<AppId>(1),
          .platform = row.value<model::ChannelKind>(2),
          .app_ids = texts_from_json(row.view(3)),
          .facts = pairs_from_json(row.view(4)),
          .sealed = row.text(5),
          .created_at = row.time(6),
          .broken_at = row.maybe_time(7),
          .broken_reason = row.text(8)};
}

}  // namespace

Result<void> insert(Connection& tx, const Credential& c) {
  const auto there = tx.first("SELECT COUNT(*) FROM credentials WHERE app_id = $1 AND platform = $2",
                              {c.app, c.platform}, [](const Row& row) { return row.integer(0); });
  if (there.value_or(0) >= static_cast<std::int64_t>(kMost))
    return fail(Code::conflict,
                fmt::format("there are {} sets of credentials for {} already; remove one first", kMost,
                            model::name(c.platform)),
                "/platform");
  tx.exec("INSERT INTO credentials (" HG_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
          {c.id, c.app, c.platform, to_json(c.app_ids), to_json(c.facts), blob(c.sealed), c.created_at, c.broken_at,
           c.broken_reason});
  bump_directory(tx);
  return {};
}

std::vector<Credential> of_app(Connection& tx, AppId app) {
  return tx.all("SELECT " HG_COLUMNS " FROM credentials WHERE app_id = $1 ORDER BY created_at, id", {app}, read);
}

std::vector<Credential> list(Connection& tx) {
  return tx.all("SELECT " HG_COLUMNS " FROM credentials ORDER BY created_at, id", {}, read);
}

bool remove(Connection& tx, AppId app, Guid id) {
  if (tx.exec("DELETE FROM credentials WHERE app_id = $1 AND id = $2", {app, id}) == 0) return false;
  bump_directory(tx);
  return true;
}

bool mark(Connection& tx, Guid id, std::optional<Time> broken_at, std::string_view reason) {
  const std::string_view why = broken_at ? reason : std::string_view();
  return tx.exec(broken_at ? "UPDATE credentials SET broken_at = $1, broken_reason = $2 WHERE id = $3 AND broken_at IS "
                             "NULL"
                           : "UPDATE credentials SET broken_at = $1, broken_reason = $2 WHERE id = $3 AND broken_at IS "
                             "NOT NULL",
                 {broken_at, why, id}) > 0;
}

std::vector<std::pair<model::ChannelKind, std::int64_t>> refused(Connection& tx) {
  return tx.all("SELECT platform, COUNT(*) FROM credentials WHERE broken_at IS NOT NULL GROUP BY platform", {},
                [](const Row& row) { return std::pair(row.value<model::ChannelKind>(0), row.integer(1)); });
}

#undef HG_COLUMNS

}  // namespace hg::store::credentials
