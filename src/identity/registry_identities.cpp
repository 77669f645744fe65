// What the registry's applications are known by: keys they sign with, and their names at other issuers.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "identity/change.h"
#include "identity/client_keys.h"

namespace hg::identity {

namespace {

constexpr std::size_t kMostKeysOfOne = 10;
constexpr std::size_t kMostIdentities = 20;

Result<void> check_identity(const std::string& issuer, const std::string& client_id) {
  if (!issuer.starts_with("https://") || issuer.size() > 2048)
    return fail(Code::property_invalid, "issuer is an https URL, as the tokens' iss has it", "/issuer");
  if (client_id.empty() || client_id.size() > 256)
    return fail(Code::property_invalid, "clientId has 1 to 256 characters", "/clientId");
  return {};
}

}  // namespace

asio::awaitable<Result<store::ApplicationKey>> Registry::add_key(Actor actor, ApplicationId id,
                                                                 store::ApplicationKey::Kind kind, std::string material,
                                                                 std::string name) {
  if (code_points(name) > kLongestApplicationName)
    co_return fail(Code::property_invalid, "displayName has 1 to 120 characters", "/displayName");
  HG_CO_TRY(auto key, read_client_key(kind, material, clock_.now()));
  key.id = crypto::random_guid();
  key.application = id;
  key.name = std::move(name);
  key.created_at = clock_.now();
  Deed deed{"application.key.add", id.str(), {{"thumbprint", hex(as_bytes(key.thumbprint))}}};
  co_return co_await change<store::ApplicationKey>(
      actor, std::move(deed), [&](store::Connection& tx) -> Result<store::ApplicationKey> {
        HG_CHECK(existing_application(tx, id));
        if (store::applications::keys(tx, id).size() >= kMostKeysOfOne)
          return fail(Code::conflict,
                      fmt::format("an application has at most {} keys; remove one first", kMostKeysOfOne));
        HG_CHECK(store::applications::add_key(tx, key));
        return key;
      });
}

asio::awaitable<Result<void>> Registry::remove_key(Actor actor, ApplicationId id, Guid key) {
  co_return co_await change<void>(actor, {"application.key.remove", id.str(), {{"id", key.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (!store::applications::remove_key(tx, id, key))
                                      return fail(Code::not_found, "no such key");
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::add_external_identity(Actor actor, ApplicationId id, std::string issuer,
                                                              std::string client_id) {
  HG_CO_CHECK(check_identity(issuer, client_id));
  Deed deed{"application.externalIdentity.add", id.str(), {{"issuer", issuer}, {"clientId", client_id}}};
  co_return co_await change<void>(actor, std::move(deed), [&](store::Connection& tx) -> Result<void> {
    const std::pair identity(issuer, client_id);
    for (const store::Application& other : store::applications::list(tx))
      if (std::ranges::find(other.external_identities, identity) != other.external_identities.end())
        return fail(Code::conflict, fmt::format("{} of {} is {}", client_id, issuer, other.name), "/clientId");
    HG_TRY(auto application, existing_application(tx, id));
    if (application.external_identities.size() >= kMostIdentities)
      return fail(Code::conflict, fmt::format("an application has at most {} external identities", kMostIdentities));
    application.external_identities.push_back(identity);
    return store::applications::update(tx, application);
  });
}

asio::awaitable<Result<void>> Registry::remove_external_identity(Actor actor, ApplicationId id, std::string issuer,
                                                                 std::string client_id) {
  Deed deed{"application.externalIdentity.remove", id.str(), {{"issuer", issuer}, {"clientId", client_id}}};
  co_return co_await change<void>(actor, std::move(deed), [&](store::Connection& tx) -> Result<void> {
    HG_TRY(auto application, existing_application(tx, id));
    if (std::erase(application.external_identities, std::pair(issuer, client_id)) == 0)
      return fail(Code::not_found, "no such external identity");
    return store::applications::update(tx, application);
  });
}

}  // namespace hg::identity
