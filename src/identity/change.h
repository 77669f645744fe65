// How every change of the directory is made; for this folder's sources.
#pragma once

#include "identity/registry.h"
#include "store/audit.h"
#include "store/directory.h"

namespace hg::identity {

template <class T>
asio::awaitable<Result<T>> Registry::change(Actor actor, Deed deed, std::function<Result<T>(store::Connection&)> work) {
  std::string detail;
  if (!deed.detail.empty()) {
    JsonWriter writer(detail);
    writer.object();
    for (const auto& [name, value] : deed.detail) writer.field(name, value);
    writer.end();
  }
  auto done = co_await database_.transact([&](store::Connection& tx) -> Result<T> {
    store::lock_directory(tx);
    auto result = work(tx);
    if (result)
      store::audit::append(
          tx,
          {.at = clock_.now(), .actor = actor.name, .action = deed.action, .target = deed.target, .detail = detail});
    return result;
  });
  if (done) co_await reload();
  co_return done;
}

inline constexpr std::size_t kLongestApplicationName = 120;

inline Result<store::Application> existing_application(store::Connection& tx, const ApplicationId& id) {
  auto found = store::applications::find(tx, id);
  if (!found) return fail(Code::not_found, "no such application");
  return *std::move(found);
}

}  // namespace hg::identity
