#include "store/settings.h"

namespace hg::store::settings {

std::optional<std::string> find(Connection& tx, std::string_view key) {
  return tx.first("SELECT value FROM settings WHERE name = $1", {key}, [](const Row& row) { return row.text(0); });
}

void put(Connection& tx, std::string_view key, std::string_view value) {
  tx.exec("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          {key, value});
}

}  // namespace hg::store::settings
