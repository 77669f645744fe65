#include "api/feeds.h"

#include "api/client_info.h"
#include "api/subscription_body.h"
#include "api/target.h"

namespace hg::api::feeds {
namespace {

// The app that `name` is a host name or a registered platform app id of, among those of the caller.
std::optional<AppId> app_named(const Call& call, const std::vector<AppId>& apps, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto directory = call.services.registry.directory();
  for (const AppId& app : apps) {
    const auto* found = directory->cross_device_app(app);
    if (found != nullptr && equal_ignoring_case(found->host_name, name)) return app;
  }
  for (const AppId& app : apps) {
    const auto* found = directory->cross_device_app(app);
    const auto named = [&](const auto& platform_id) { return equal_ignoring_case(platform_id.second, name); };
    if (found != nullptr && std::ranges::any_of(found->platform_ids, named)) return app;
  }
  return std::nullopt;
}

// Which cross-device app a subscription means (docs/http-api.md).
Result<AppId> app_of(const Call& call, const model::SubscribeRequest& wanted) {
  const auto apps = apps_of(call);
  if (apps.empty()) return fail(target_not_allowed());
  std::vector<std::string> names{wanted.app_package_name, wanted.application_id};
  names.insert(names.end(), wanted.filter_applications.begin(), wanted.filter_applications.end());
  for (const std::string& name : names) {
    if (const auto app = app_named(call, apps, name)) return *app;
  }
  if (apps.size() == 1) return apps.front();
  return fail(several_apps(call, "name one by crossPlatformChannelData.appPackageName or applicationId"));
}

// A browser's subscription can be reached with the key alone that it was made with.
Result<void> check_key(const Call& call, const AppId& app, const model::Channel& channel) {
  if (channel.kind != model::ChannelKind::webpush || channel.application_server_key.empty()) return {};
  const auto directory = call.services.registry.directory();
  const auto* found = directory->cross_device_app(app);
  const auto key = from_base64url(channel.application_server_key);
  if (found == nullptr || (key && base64url(*key) == found->vapid_public_key)) return {};
  return fail(Code::property_invalid,
              "this Web Push subscription was made with another applicationServerKey: subscribe again with " +
                  found->vapid_public_key,
              "/crossPlatformChannelData/applicationServerKey");
}

model::Subscription subscription_of(const Call& call, const AppId& app, const model::SubscribeRequest& wanted) {
  const auto header = call.request.headers.find("X-AFS-ClientInfo");
  const ClientInfo info = parse_client_info(header.value_or(""));
  model::Subscription subscription;
  subscription.feed = {call.principal.user, app};
  subscription.application = call.principal.application;
  subscription.device_id = wanted.device_id;
  subscription.device_name = info.device_model.empty() ? wanted.device_id : info.device_model;
  subscription.locale = info.locale;
  subscription.application_id = wanted.application_id;
  subscription.app_package = wanted.app_package_name;
  subscription.channel = wanted.channel;
  subscription.counts_as = wanted.counts_as;
  subscription.notification_type = wanted.notification_type;
  subscription.filters = wanted.filters;
  subscription.sync_days = wanted.sync_days;
  subscription.expires_at = wanted.expires_at.value_or(Time{});
  return subscription;
}

}  // namespace

Answer subscribe(Call& call) {
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(const auto wanted, model::parse_subscribe(body, call.now));
  HG_CO_TRY(const auto app, app_of(call, wanted));
  HG_CO_CHECK(check_key(call, app, wanted.channel));
  auto subscription = subscription_of(call, app, wanted);
  if (call.services.check_channel && subscription.channel.kind != model::ChannelKind::live)
    HG_CO_CHECK(co_await call.services.check_channel(subscription));
  HG_CO_TRY(const auto subscribed, co_await call.services.subscriptions.create_or_renew(std::move(subscription)));
  std::string text;
  JsonWriter out(text);
  write_subscription(out, subscribed.subscription, subscribed.unsid, subscribed.etag);
  co_return json_response(subscribed.renewed ? 200 : 201, std::move(text));
}

Answer list_subscriptions(Call& call) {
  auto all = co_await call.services.subscriptions.list(call.principal.user, apps_of(call));
  co_return co_await subscriptions_response(call, std::move(all));
}

Answer show_subscription(Call& call) {
  HG_CO_TRY(auto subscription, co_await path_subscription(call));
  std::vector<model::Subscription> one;
  one.push_back(std::move(subscription));
  co_return co_await subscriptions_response(call, std::move(one));
}

Answer unsubscribe(Call& call) {
  HG_CO_TRY(const auto named, co_await find_path_subscription(call));
  HG_CO_CHECK(co_await call.services.subscriptions.end(named.feed, named.id, model::EndReason::unsubscribed));
  co_return json_response(200, "{}");
}

}  // namespace hg::api::feeds
