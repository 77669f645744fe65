#include "api/subscription_body.h"

#include "api/target.h"

namespace hg::api {
namespace {

// As `channelUrl` was sent; what was sent otherwise has none.
std::optional<std::string> channel_url(const model::Channel& channel) {
  if (channel.kind == model::ChannelKind::wns) return channel.address;
  if (channel.kind != model::ChannelKind::webpush) return std::nullopt;
  boost::system::error_code bad;
  const json::value parsed = json::parse(channel.address, bad);
  const auto* endpoint = !bad && parsed.is_object() ? parsed.get_object().if_contains("endpoint") : nullptr;
  if (endpoint == nullptr || !endpoint->is_string()) return std::nullopt;
  return std::string(endpoint->get_string());
}

}  // namespace

void write_subscription(JsonWriter& out, const model::Subscription& subscription, std::string_view unsid,
                        std::string_view etag) {
  out.object()
      .field("id", subscription.id)
      .field("viewId", subscription.id)
      .field("deviceId", subscription.device_id)
      .field("applicationId", subscription.application_id)
      .field("channelUrl", channel_url(subscription.channel))
      .key("publisherFilters")
      .raw(subscription.filters.empty() ? "[]" : subscription.filters)
      .field("partialSyncToken", etag)
      .field("userNotificationSubscriptionId", unsid)
      .field("channelUrlExpiry", subscription.expires_at)
      .end();
}

asio::awaitable<net::Response> subscriptions_response(Call& call, std::vector<model::Subscription> subscriptions) {
  std::string body;
  JsonWriter out(body);
  out.object().key("__metadata").object().field("totalCount", static_cast<std::int64_t>(subscriptions.size())).end();
  out.key("subscriptions").array();
  for (const auto& subscription : subscriptions) {
    const auto state = co_await call.services.reader.state(subscription.feed);
    write_subscription(out, subscription, call.services.subscriptions.unsid(subscription),
                       call.services.tokens.etag(subscription.feed, state.version));
  }
  out.end().end();
  co_return json_response(200, std::move(body));
}

asio::awaitable<Result<model::Subscription>> find_subscription(Call& call, std::string name) {
  const Error unknown{Code::subscription_not_found, "no such subscription"};
  std::optional<model::Subscription> found;
  if (const auto id = SubscriptionId::parse(name)) {
    found = co_await call.services.subscriptions.find(call.principal.user, apps_of(call), *id);
  } else if (const auto unsid = call.services.tokens.parse_unsid(name);
             unsid && unsid->feed.user == call.principal.user && reaches(call, unsid->feed.app)) {
    found = co_await call.services.subscriptions.find(unsid->feed, unsid->subscription);
  }
  if (!found) co_return fail(unknown);
  co_return std::move(*found);
}

asio::awaitable<Result<model::Subscription>> find_path_subscription(Call& call) {
  co_return co_await find_subscription(call, std::string(call.param("id")));
}

asio::awaitable<Result<model::Subscription>> path_subscription(Call& call, std::string_view seen_etag) {
  HG_CO_TRY(const auto found, co_await find_path_subscription(call));
  const auto seen = call.services.tokens.parse_etag(found.feed, seen_etag);
  co_return co_await call.services.subscriptions.touch(found.feed, found.id, seen.value_or(0));
}

}  // namespace hg::api
