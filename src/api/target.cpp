#include "api/target.h"

#include "api/odata.h"

namespace hg::api {

std::vector<AppId> apps_of(const Call& call) {
  const auto directory = call.services.registry.directory();
  std::vector<AppId> apps = directory->apps_of(call.principal.application);
  std::erase_if(apps, [&](const AppId& app) { return !directory->cross_device_app(app)->served(); });
  return apps;
}

bool reaches(const Call& call, const AppId& app) {
  const auto apps = apps_of(call);
  return std::ranges::find(apps, app) != apps.end();
}

std::string host_name_of(const Call& call, const AppId& app) {
  const auto directory = call.services.registry.directory();
  const auto* found = directory->cross_device_app(app);
  return found == nullptr ? std::string() : found->host_name;
}

asio::awaitable<std::string> upn_of(const Call& call, UserId user) {
  co_return co_await call.here.names.upn(user, call.now);
}

asio::awaitable<Result<void>> check_oneself(const Call& call) {
  const auto named = call.params.decoded("userId");
  if (named && named->empty()) co_return Result<void>{};
  const UserId& user = call.principal.user;
  if (named && !user.zero()) {
    if (UserId::parse(*named) == user) co_return Result<void>{};
    if (equal_ignoring_case(*named, co_await upn_of(call, user))) co_return Result<void>{};
  }
  co_return fail(Code::not_found, "no such user; use /me");
}

Error no_such_notification() { return {Code::not_found, "no such notification"}; }

Error target_not_allowed() {
  return {Code::target_not_allowed,
          "the application may not reach this: targetHostName and X-UNS-ID must be of a cross-device app that it "
          "belongs to"};
}

Error several_apps(const Call& call, std::string_view advice) {
  std::vector<std::string> names;
  for (const AppId& app : apps_of(call)) names.push_back(host_name_of(call, app));
  std::ranges::sort(names);
  return {Code::ambiguous_target_host_name,
          fmt::format("the application belongs to several cross-device apps ({}); {}", fmt::join(names, ", "), advice)};
}

Result<std::optional<feed::Unsid>> named_unsid(const Call& call) {
  const auto& headers = call.request.headers;
  const auto header = headers.find("X-UNS-ID");
  // A proxy may have made one line of several (RFC 9110 §5.3).
  if (headers.count("X-UNS-ID") > 1 || (header && header->contains(',')))
    return fail(Code::subscription_id_required, "X-UNS-ID was sent more than once; send one");
  if (!header || header->empty()) return std::nullopt;
  const auto unsid = call.services.tokens.parse_unsid(*header);
  if (!unsid) return fail(target_not_allowed());
  if (!call.principal.app_only && unsid->feed.user != call.principal.user) return fail(target_not_allowed());
  if (!reaches(call, unsid->feed.app)) return fail(target_not_allowed());
  return unsid;
}

asio::awaitable<Result<std::optional<model::Subscription>>> named_endpoint(Call& call) {
  HG_CO_TRY(const auto unsid, named_unsid(call));
  if (!unsid) co_return std::nullopt;
  HG_CO_TRY(auto endpoint, co_await call.services.subscriptions.touch(unsid->feed, unsid->subscription));
  co_return std::move(endpoint);
}

asio::awaitable<Result<FeedKey>> collection_feed(Call& call) {
  HG_CO_TRY(const auto endpoint, co_await named_endpoint(call));
  co_return collection_feed(call, endpoint);
}

Result<FeedKey> collection_feed(const Call& call, const std::optional<model::Subscription>& endpoint) {
  if (endpoint) return endpoint->feed;
  const auto apps = apps_of(call);
  if (const std::string* host = call.option("targetHostName")) {
    const auto directory = call.services.registry.directory();
    const auto* app = directory->cross_device_app(std::string_view(*host));
    if (app == nullptr || std::ranges::find(apps, app->id) == apps.end()) return fail(target_not_allowed());
    return FeedKey{call.principal.user, app->id};
  }
  if (apps.size() == 1) return FeedKey{call.principal.user, apps.front()};
  if (apps.empty()) return fail(target_not_allowed());
  return fail(several_apps(call, "name one by X-UNS-ID or ?targetHostName="));
}

model::HandledBy handled_by(const std::optional<model::Subscription>& endpoint, Time now) {
  if (!endpoint) return {.platform = "Live", .device_name = {}, .at = now};
  const bool counted = endpoint->counts_as != model::Platform::none;
  return {.platform = std::string(counted ? model::name(endpoint->counts_as) : "Live"),
          .device_name = endpoint->device_name,
          .at = now};
}

void add_change_headers(Call& call, const FeedKey& feed, const model::Changed& changed) {
  call.headers.set("X-New-ETag", call.services.tokens.etag(feed, changed.new_version));
  call.headers.set("X-Base-ETag", call.services.tokens.etag(feed, changed.base_version));
}

Result<void> apply_if_match(const Call& call, model::ChangeRequest& request) {
  const auto header = call.request.headers.find("If-Match");
  const auto condition = header ? parse_if_match(*header) : std::nullopt;
  if (!condition) return {};
  request.if_exists = condition->any;
  if (condition->any) return {};
  const auto version = call.services.tokens.parse_etag(request.feed, condition->etag);
  if (!version) return fail(Code::resource_modified, "If-Match names no present state of this notification");
  request.if_version = *version;
  return {};
}

}  // namespace hg::api
