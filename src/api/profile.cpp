// Who the token is for, and the keys that browsers subscribe with.
#include "api/notifications.h"
#include "api/target.h"

namespace hg::api::notifications {
namespace {

net::Response key_of(const identity::CrossDeviceApp& app) {
  std::string body;
  JsonWriter(body).object().field("value", app.vapid_public_key).end();
  return json_response(200, std::move(body));
}

}  // namespace

Answer me(Call& call) {
  const auto user = co_await call.services.registry.user(call.principal.user.str());
  if (!user) co_return fail(Code::not_found, "the user is gone");
  const auto or_null = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  std::string body;
  JsonWriter(body)
      .object()
      .field("@odata.context", call.base + "/" + std::string(call.version) + "/$metadata#users/$entity")
      .field("id", user->id)
      .field("displayName", or_null(user->display_name))
      .field("userPrincipalName", user->upn)
      .field("mail", or_null(user->mail))
      .field("preferredLanguage", or_null(user->locale))
      .end();
  co_return json_response(200, std::move(body));
}

Answer vapid_key(Call& call) {
  const auto directory = call.services.registry.directory();
  const identity::CrossDeviceApp* app = nullptr;
  if (const std::string* host = call.option("targetHostName")) {
    app = directory->cross_device_app(std::string_view(*host));
    if (app == nullptr || !reaches(call, app->id)) co_return fail(target_not_allowed());
  } else {
    const auto apps = apps_of(call);
    if (apps.empty()) co_return fail(target_not_allowed());
    if (apps.size() > 1) co_return fail(several_apps(call, "name one by ?targetHostName="));
    app = directory->cross_device_app(apps.front());
  }
  co_return key_of(*app);
}

Answer open_vapid_key(Call& call) {
  const auto directory = call.services.registry.directory();
  const auto host = call.params.decoded("hostName");
  const auto* app = host ? directory->cross_device_app(std::string_view(*host)) : nullptr;
  if (app == nullptr || !app->served()) co_return fail(Code::not_found, "no such cross-device app");
  co_return key_of(*app);
}

}  // namespace hg::api::notifications
