// The registry's webhooks.
#include "crypto/hash.h"
#include "identity/change.h"

namespace hg::identity {

namespace {

constexpr std::size_t kSecretBytes = 32;

std::unexpected<Error> unknown() { return fail(Code::not_found, "the cross-device app has no such webhook"); }

}  // namespace

// The audit log does not hold the URL: whoever knows it may have nothing else to show.
asio::awaitable<Result<AddedWebhook>> Registry::add_webhook(Actor actor, AppId app, std::string url) {
  const Buffer secret = crypto::random_bytes(kSecretBytes);
  store::Webhook made{.id = crypto::random_guid(), .app = app, .url = std::move(url), .created_at = clock_.now()};
  made.sealed = as_text(key_.subkey(kWebhookSecrets).seal(made.id.view(), secret));
  auto added = co_await change<store::Webhook>(actor, {"webhook.add", made.id.str(), {{"crossDevice", app.str()}}},
                                               [&](store::Connection& tx) -> Result<store::Webhook> {
                                                 if (!store::cross_device::find(tx, app))
                                                   return fail(Code::not_found, "no such cross-device app");
                                                 HG_CHECK(store::webhooks::insert(tx, made));
                                                 return made;
                                               });
  if (!added) co_return fail(added.error());
  co_return AddedWebhook{.webhook = *std::move(added), .secret = "whsec_" + base64(secret)};
}

asio::awaitable<Result<void>> Registry::remove_webhook(Actor actor, AppId app, Guid id) {
  co_return co_await change<void>(actor, {"webhook.remove", id.str(), {{"crossDevice", app.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (store::webhooks::remove(tx, app, id)) return {};
                                    return unknown();
                                  });
}

asio::awaitable<std::vector<store::Webhook>> Registry::webhooks(AppId app) {
  co_return co_await database_.read([&](store::Connection& tx) { return store::webhooks::of_app(tx, app); });
}

asio::awaitable<Result<store::Webhook>> Registry::webhook(AppId app, Guid id) {
  auto found = co_await database_.read([&](store::Connection& tx) { return store::webhooks::find(tx, app, id); });
  if (!found) co_return unknown();
  co_return *std::move(found);
}

}  // namespace hg::identity
