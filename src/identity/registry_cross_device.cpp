// The registry's cross-device apps.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "identity/change.h"

namespace hg::identity {

namespace {

constexpr std::size_t kIdsAPlatform = 10;
constexpr std::string_view kPlatforms[] = {"windows_universal", "windows_win32", "android", "ios", "web"};

// RFC 1123 labels.
Result<void> check_host(const std::string& host, std::string_view target) {
  bool good = !host.empty() && host.size() <= 253 && host.front() != '.' && host.back() != '.' &&
              host.find("..") == std::string::npos;
  for (const char c : host)
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
  if (good) return {};
  return fail(Code::property_invalid, fmt::format("\"{}\" is no host name", host), std::string(target));
}

store::VapidKey make_vapid(const AppId& app, const crypto::SealingKey& key, Time now) {
  const auto pair = crypto::PrivateKey::generate(crypto::Alg::es256);
  store::VapidKey vapid;
  vapid.app = app;
  vapid.id = crypto::random_guid();
  vapid.public_key = base64url(pair.point());
  vapid.sealed_private = as_text(key.subkey("vapid keys").seal(vapid.id.view(), pair.der()));
  vapid.created_at = now;
  return vapid;
}

}  // namespace

asio::awaitable<Result<AppId>> Registry::add_cross_device_app(Actor actor, std::string host,
                                                              std::vector<ApplicationId> members,
                                                              bool allow_unverified) {
  HG_CO_CHECK(check_host(host, "/hostName"));
  const AppId id{crypto::random_guid()};
  const store::VapidKey vapid = make_vapid(id, key_, clock_.now());
  co_return co_await change<AppId>(
      actor, {"crossDeviceApp.add", id.str(), {{"hostName", host}}}, [&](store::Connection& tx) -> Result<AppId> {
        store::CrossDeviceApp made;
        made.id = id;
        made.host_name = host;
        made.display_name = host;
        made.allow_unverified = allow_unverified;
        made.created_at = clock_.now();
        for (const ApplicationId& member : members)
          if (!store::applications::find(tx, member))
            return fail(Code::not_found, fmt::format("there is no application {}", member.str()), "/members");
        HG_CHECK(store::cross_device::insert(tx, made));
        store::cross_device::add_vapid_key(tx, vapid);
        for (const ApplicationId& member : members) store::cross_device::add_member(tx, id, member);
        return id;
      });
}

asio::awaitable<Result<void>> Registry::change_app(Actor actor, Deed deed, AppId id,
                                                   std::function<Result<void>(store::CrossDeviceApp&)> edit) {
  co_return co_await change<void>(actor, deed, [&](store::Connection& tx) -> Result<void> {
    auto app = store::cross_device::find(tx, id);
    if (!app) return fail(Code::not_found, "no such cross-device app");
    HG_CHECK(edit(*app));
    return store::cross_device::update(tx, *app);
  });
}

asio::awaitable<Result<void>> Registry::allow_unverified(Actor actor, AppId id, bool allowed) {
  co_return co_await change_app(actor,
                                {"crossDeviceApp.change", id.str(), {{"allowUnverified", allowed ? "true" : "false"}}},
                                id, [&](store::CrossDeviceApp& app) -> Result<void> {
                                  app.allow_unverified = allowed;
                                  return {};
                                });
}

asio::awaitable<Result<void>> Registry::set_verified(Actor actor, AppId id, bool verified) {
  const std::string action = verified ? "crossDeviceApp.verify" : "crossDeviceApp.unverify";
  co_return co_await change_app(actor, {action, id.str()}, id, [&](store::CrossDeviceApp& app) -> Result<void> {
    app.verified = verified;
    if (verified) app.verified_at = clock_.now();
    return {};
  });
}

asio::awaitable<Result<void>> Registry::remove_cross_device_app(Actor actor, AppId id) {
  co_return co_await change<void>(actor, {"crossDeviceApp.remove", id.str()},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (!store::cross_device::remove(tx, id))
                                      return fail(Code::not_found, "no such cross-device app");
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::add_member(Actor actor, AppId id, ApplicationId application) {
  co_return co_await change<void>(actor, {"crossDeviceApp.member.add", id.str(), {{"clientId", application.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (!store::cross_device::find(tx, id))
                                      return fail(Code::not_found, "no such cross-device app");
                                    if (!store::applications::find(tx, application))
                                      return fail(Code::not_found, "no such application", "/clientId");
                                    store::cross_device::add_member(tx, id, application);
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::remove_member(Actor actor, AppId id, ApplicationId application) {
  co_return co_await change<void>(actor, {"crossDeviceApp.member.remove", id.str(), {{"clientId", application.str()}}},
                                  [&](store::Connection& tx) -> Result<void> {
                                    if (!store::cross_device::remove_member(tx, id, application))
                                      return fail(Code::not_found, "the application does not belong to it");
                                    return {};
                                  });
}

asio::awaitable<Result<void>> Registry::add_platform_id(Actor actor, AppId id, std::string platform,
                                                        std::string app_id) {
  if (std::ranges::find(kPlatforms, platform) == std::end(kPlatforms))
    co_return fail(
        Code::property_invalid,
        fmt::format("\"{}\" is no platform; it is windows_universal, windows_win32, android, ios or web", platform),
        "/platform");
  if (app_id.empty() || app_id.size() > 256)
    co_return fail(Code::property_invalid, "a platform app id has 1 to 256 characters", "/appId");
  co_return co_await change_app(
      actor, {"crossDeviceApp.platformId.add", id.str(), {{"platform", platform}, {"appId", app_id}}}, id,
      [&](store::CrossDeviceApp& app) -> Result<void> {
        const auto same = std::ranges::count(app.platform_ids, platform, &std::pair<std::string, std::string>::first);
        if (std::ranges::find(app.platform_ids, std::pair(platform, app_id)) != app.platform_ids.end()) return {};
        if (same >= static_cast<std::ptrdiff_t>(kIdsAPlatform))
          return fail(Code::conflict, fmt::format("{} has ten app ids already; remove one first", platform), "/appId");
        app.platform_ids.emplace_back(platform, app_id);
        return {};
      });
}

asio::awaitable<Result<void>> Registry::remove_platform_id(Actor actor, AppId id, std::string platform,
                                                           std::string app_id) {
  co_return co_await change_app(
      actor, {"crossDeviceApp.platformId.remove", id.str(), {{"platform", platform}, {"appId", app_id}}}, id,
      [&](store::CrossDeviceApp& app) -> Result<void> {
        if (std::erase(app.platform_ids, std::pair(platform, app_id)) == 0)
          return fail(Code::not_found, "no such platform app id");
        return {};
      });
}

asio::awaitable<Result<void>> Registry::add_sender_domain(Actor actor, AppId id, std::string domain) {
  HG_CO_CHECK(check_host(domain, "/domain"));
  co_return co_await change_app(actor, {"crossDeviceApp.senderDomain.add", id.str(), {{"domain", lower(domain)}}}, id,
                                [&](store::CrossDeviceApp& app) -> Result<void> {
                                  if (std::ranges::find(app.sender_domains, lower(domain)) == app.sender_domains.end())
                                    app.sender_domains.push_back(lower(domain));
                                  return {};
                                });
}

asio::awaitable<Result<void>> Registry::remove_sender_domain(Actor actor, AppId id, std::string domain) {
  co_return co_await change_app(actor, {"crossDeviceApp.senderDomain.remove", id.str(), {{"domain", lower(domain)}}},
                                id, [&](store::CrossDeviceApp& app) -> Result<void> {
                                  if (std::erase(app.sender_domains, lower(domain)) == 0)
                                    return fail(Code::not_found, "no such sender domain");
                                  return {};
                                });
}

}  // namespace hg::identity
