// How every change of the directory is made; for this folder's sources.
#pragma once

#include "identity/registry.h"
#include "store/audit.h"

namespace hg::identity {

template <class T>
asio::awaitable<Result<T>> Registry::change(Actor actor, std::string action, std::string target,
                                            std::function<Result<T>(store::Connection&)> work) {
  auto done = co_await database_.transact([&](store::Connection& tx) -> Result<T> {
    auto result = work(tx);
    if (result)
      store::audit::append(tx,
                           {.at = clock_.now(), .actor = actor.name, .action = action, .target = target, .detail = ""});
    return result;
  });
  if (done) co_await reload();
  co_return done;
}

}  // namespace hg::identity
