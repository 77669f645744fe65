#include "api/deliveries.h"

#include "api/notifications.h"
#include "api/target.h"
#include "delivery/story.h"
#include "delivery/webhook.h"

namespace hg::api::deliveries {
namespace {

constexpr std::size_t kPage = 1000;

std::optional<std::string_view> or_null(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<double> seconds_between(std::optional<Time> from, std::optional<Time> to) {
  if (!from || !to) return std::nullopt;
  return std::chrono::duration<double>(*to - *from).count();
}

void write(JsonWriter& out, const delivery::Line& line, const model::Notification& n) {
  const auto& d = line.delivery;
  const auto handled_at = n.handled_by ? std::optional(n.handled_by->at) : std::nullopt;
  out.object()
      .field("subscriptionId", d.subscription.zero() ? std::nullopt : std::optional(d.subscription))
      .field("platform", or_null(model::name(line.platform)))
      .field("channel", model::name(d.carrier))
      .field("deviceName", or_null(d.device_name))
      .field("state", model::name(d.outcome))
      .field("reason", or_null(d.reason))
      .field("attempts", d.attempts)
      .field("owedDateTime", d.owed_at)
      .field("acceptedDateTime", d.sent_at)
      .field("lastChangeDateTime", d.changed_at)
      .field("platformMessageId", or_null(d.platform_id))
      .field("fallbackDateTime", d.fallback_at)
      .field("clearedDateTime", d.cleared_at)
      .field("secondsToCleared", seconds_between(handled_at, d.cleared_at))
      .end();
}

}  // namespace

asio::awaitable<net::Response> report(Call& call, FeedKey feed, model::Notification notification) {
  co_await call.services.subscriptions.flush_seen();  // who has just fetched it is to be in it
  const auto lines = co_await delivery::story(call.services.database, feed, notification, call.now);
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& line : lines) write(out, line, notification);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer of_notification(Call& call) {
  HG_CO_TRY(const auto found, co_await notifications::shown(call));
  co_return co_await report(call, found.feed, found.notification);
}

Answer ended_subscriptions(Call& call) {
  Time since{};
  if (const std::string* text = call.option("since")) {
    const auto parsed = parse_iso(*text);
    if (!parsed) co_return fail(Code::invalid_query_option, "since is " + *text + "; ISO 8601 is right", "since");
    since = *parsed;
  }
  const auto apps = apps_of(call);
  const auto ended = co_await call.services.database.read(
      [&](store::Connection& tx) { return store::subscriptions::ended_since(tx, apps, since, kPage); });
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& row : ended) {
    const auto& s = row.subscription;
    delivery::write(out, {.unsid = call.services.subscriptions.unsid(s),
                          .host_name = host_name_of(call, s.feed.app),
                          .reason = s.ended_reason,
                          .ended_at = *s.ended_at});
  }
  out.end();
  // Those that ended in the same moment may stand on both pages: none is missed.
  if (ended.size() == kPage)
    out.field("@odata.nextLink", call.base + "/" + std::string(call.version) + "/endedSubscriptions?since=" +
                                     percent_encode(iso(*ended.back().subscription.ended_at)));
  out.end();
  co_return json_response(200, std::move(body));
}

}  // namespace hg::api::deliveries
