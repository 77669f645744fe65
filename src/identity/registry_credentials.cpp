// The registry's push credentials.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "identity/change.h"

namespace hg::identity {

namespace {

std::vector<std::pair<std::string, std::string>> said(const store::Credential& credential) {
  auto detail = credential.facts;
  detail.insert(detail.begin(),
                {{"crossDevice", credential.app.str()}, {"platform", std::string(model::name(credential.platform))}});
  return detail;
}

}  // namespace

asio::awaitable<Result<store::Credential>> Registry::add_credential(Actor actor, AppId app, PushCredential given) {
  store::Credential made;
  made.id = crypto::random_guid();
  made.app = app;
  made.platform = given.platform;
  made.app_ids = std::move(given.app_ids);
  made.facts = std::move(given.facts);
  made.sealed = as_text(key_.subkey(kPushCredentials).seal(made.id.view(), as_bytes(given.secrets)));
  made.created_at = clock_.now();
  co_return co_await change<store::Credential>(actor, {"credential.add", made.id.str(), said(made)},
                                               [&](store::Connection& tx) -> Result<store::Credential> {
                                                 if (!store::cross_device::find(tx, app))
                                                   return fail(Code::not_found, "no such cross-device app");
                                                 HG_CHECK(store::credentials::insert(tx, made));
                                                 return made;
                                               });
}

asio::awaitable<Result<void>> Registry::remove_credential(Actor actor, AppId app, Guid id) {
  co_return co_await change<void>(actor, {"credential.remove", id.str(), {{"crossDevice", app.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (store::credentials::remove(tx, app, id)) return {};
                                    return fail(Code::not_found, "the cross-device app has no such credentials");
                                  });
}

asio::awaitable<std::vector<store::Credential>> Registry::credentials(AppId app) {
  co_return co_await database_.read([&](store::Connection& tx) { return store::credentials::of_app(tx, app); });
}

asio::awaitable<Result<store::Credential>> Registry::credential(AppId app, Guid id) {
  auto all = co_await credentials(app);
  const auto found = std::ranges::find(all, id, &store::Credential::id);
  if (found == all.end()) co_return fail(Code::not_found, "the cross-device app has no such credentials");
  co_return *std::move(found);
}

}  // namespace hg::identity
