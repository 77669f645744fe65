#include "store/erase.h"

#include <string>

#include "store/directory.h"

namespace hg::store {

void erase_user(Connection& tx, UserId user) {
  // SQLite writes zeros over what it deletes only where it is told to.
  const bool sqlite = tx.dialect() == Dialect::sqlite;
  if (sqlite) tx.exec("PRAGMA secure_delete = ON");
  const std::int64_t shard = shard_of(user.guid);
  tx.exec("DELETE FROM channels WHERE owner_shard = $1 AND user_id = $2", {shard, user});
  for (const char* table :
       {"feeds", "notifications", "outbox", "jobs", "outcomes", "subscriptions", "idempotency", "webhook_ends"})
    tx.exec("DELETE FROM " + std::string(table) + " WHERE shard = $1 AND user_id = $2", {shard, user});
  for (const char* table : {"consents", "sessions", "authorization_codes", "refresh_families", "device_codes"})
    tx.exec("DELETE FROM " + std::string(table) + " WHERE user_id = $1", {user});
  tx.exec("DELETE FROM users WHERE id = $1", {user});
  bump_directory(tx);
  if (sqlite) tx.exec("PRAGMA secure_delete = OFF");
}

}  // namespace hg::store
