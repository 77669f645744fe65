#include "app/store.h"

#include <fmt/format.h>

#include "store/examine.h"
#include "store/file.h"
#include "store/postgres.h"
#include "store/settings.h"

namespace hg::app {

Result<store::Database::Options> store_of(const Config& config, const DataFiles& files) {
  if (!on_server(config)) return store::Database::Options{.path = files.database};
  HG_TRY(auto url, resolve_secret(config.store, variable));
  while (url.ends_with('\n') || url.ends_with('\r')) url.pop_back();
  return store::Database::Options{.url = std::move(url), .readers = 4};
}

bool founded(store::Connection& tx) { return store::settings::find(tx, "tenant").has_value(); }

Result<std::unique_ptr<store::Database>> open_store(const Config& config, const DataFiles& files) {
  HG_TRY(auto options, store_of(config, files));
  const auto where = on_server(config) ? store::readable_url(options.url) : config.data;
  const auto none = [&] {
    return fail(Code::not_found, fmt::format("{} holds no deployment; make one: heliograph init --data {}{}", where,
                                             config.data, on_server(config) ? " --config FILE" : ""));
  };
  HG_TRY(auto database, store::Database::open(std::move(options), SystemClock().now()));
  if (!database->read_now(founded)) return none();
  return database;
}

Result<void> read_store(const Config& config, const DataFiles& files, FunctionRef<void(store::Connection&)> work) {
  HG_TRY(const auto options, store_of(config, files));
  if (on_server(config))
    store::read_server(options.url, work);
  else
    store::read_file(options.path, work);
  return {};
}

}  // namespace hg::app
