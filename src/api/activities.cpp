// The feed as the feed API shows it, and changes of its activities.
#include "api/feeds.h"
#include "api/routes.h"
#include "api/subscription_body.h"
#include "api/target.h"
#include "model/activity.h"

namespace hg::api::feeds {
namespace {

// An answer of many activities, in pieces of one short read each.
struct Pages {
  feed::Reader& reader;
  FeedKey feed;
  std::string host_name;
  feed::Keep keep = {};
  bool first = true;

  // Deletions always: who has it may have it from another call.
  [[nodiscard]] bool kept(const model::Notification& notification) const {
    return !keep || notification.deleted() || keep(notification);
  }

  void append(std::string& out, const model::Notification& notification) {
    if (!kept(notification)) return;
    if (!std::exchange(first, false)) out += ',';
    if (notification.deleted()) {
      model::append_tombstone(out, notification, host_name);
    } else {
      model::append_activity(out, notification, host_name, true);
    }
  }
};

// {"__metadata": {…}, "activities": [
std::string head(const Call& call, const FeedKey& feed, const feed::State& state, std::optional<std::size_t> total) {
  std::string out;
  JsonWriter writer(out);
  writer.object().key("__metadata").object();
  if (total) writer.field("totalCount", static_cast<std::int64_t>(*total));
  writer.field("initialETag", call.services.tokens.etag(feed, state.version)).field("unreadCount", state.unread).end();
  return out + R"(,"activities":[)";
}

net::Response streamed(const Call& call, const FeedKey& feed, const feed::State& state) {
  auto response = json_response(200, "");
  response.headers.set("ETag", call.services.tokens.etag(feed, state.version));
  return response;
}

// What a time in a query means; nullopt where there is none, or it excludes nothing.
std::optional<Time> bound(const Call& call, std::string_view name) {
  for (const auto& [option, value] : call.query) {
    if (equal_ignoring_case(option, name)) return parse_iso(value);
  }
  return std::nullopt;
}

// What the query asks for; `since`: not what was posted before.
feed::Keep wanted(const Call& call, std::optional<Time> since) {
  const auto after = bound(call, "lastmodifiedafter");
  const auto before = bound(call, "lastmodifiedbefore");
  if (!after && !before && !since) return {};
  return [=](const model::Notification& notification) {
    const Time modified = notification.modified_at.value_or(notification.created_at);
    return (!after || modified > *after) && (!before || modified < *before) &&
           (!since || notification.created_at >= *since);
  };
}

asio::awaitable<net::Response> whole_view(Call& call, const model::Subscription& subscription) {
  const FeedKey feed = subscription.feed;
  std::optional<Time> since;
  if (subscription.sync_days) since = call.now - std::chrono::days(*subscription.sync_days);
  auto view = co_await call.services.reader.view(feed, wanted(call, since));
  co_await call.services.subscriptions.touch(feed, subscription.id, view.state.version);
  auto response = streamed(call, feed, view.state);
  std::string start = head(call, feed, view.state, view.ids.size());
  response.more = [pages = Pages{call.services.reader, feed, host_name_of(call, feed.app)}, ids = std::move(view.ids),
                   at = std::size_t{0}, start = std::move(start)](std::string& piece) mutable -> asio::awaitable<bool> {
    piece += std::exchange(start, {});
    const std::size_t end = std::min(at + feed::kPage, ids.size());
    if (at < end) {
      const auto rows = co_await pages.reader.rows(
          pages.feed, {ids.begin() + static_cast<std::ptrdiff_t>(at), ids.begin() + static_cast<std::ptrdiff_t>(end)});
      for (const auto& notification : rows) pages.append(piece, notification);
    }
    at = end;
    if (at < ids.size()) co_return true;
    piece += "]}";
    co_return false;
  };
  co_return response;
}

// What changed above `version`: handed out page by page, up to the state at its beginning and perhaps a little newer.
asio::awaitable<std::optional<net::Response>> changed_view(Call& call, const model::Subscription& subscription,
                                                           std::int64_t version) {
  const FeedKey feed = subscription.feed;
  feed::ChangesQuery query{.known = version, .after_version = version};
  query.after_id.guid.bytes.fill(std::byte{0xff});
  auto first = co_await call.services.reader.changes(feed, query);
  if (!first) co_return std::nullopt;
  co_await call.services.subscriptions.touch(feed, subscription.id, first->state.version);
  auto response = streamed(call, feed, first->state);
  Pages pages{call.services.reader, feed, host_name_of(call, feed.app), wanted(call, std::nullopt)};
  const auto kept = std::ranges::count_if(first->notifications, [&](const auto& n) { return pages.kept(n); });
  const std::optional<std::size_t> total = first->more ? std::nullopt : std::optional(static_cast<std::size_t>(kept));
  std::string start = head(call, feed, first->state, total);
  response.more = [pages = std::move(pages), query, changes = std::move(*first), start = std::move(start),
                   read = true](std::string& piece) mutable -> asio::awaitable<bool> {
    piece += std::exchange(start, {});
    if (!std::exchange(read, false)) {
      auto next = co_await pages.reader.changes(pages.feed, query);
      // The floor has passed the client while it read: cut, so that it asks again.
      if (!next) throw std::runtime_error("changes fell below the floor while they were read");
      changes = std::move(*next);
    }
    for (const auto& notification : changes.notifications) pages.append(piece, notification);
    if (changes.more) {
      query.after_version = changes.notifications.back().version;
      query.after_id = changes.notifications.back().id;
      co_return true;
    }
    piece += "]}";
    co_return false;
  };
  co_return response;
}

// What {id} names: a GUID, else an appNotificationId; in the feed of X-UNS-ID, else in all that the caller reaches.
struct Target {
  feed::Found found;
  std::optional<model::Subscription> endpoint;
};
asio::awaitable<Result<Target>> target_of(Call& call) {
  HG_CO_TRY(auto endpoint, co_await named_endpoint(call));
  const auto apps = endpoint ? std::vector<AppId>{endpoint->feed.app} : apps_of(call);
  const UserId user = call.principal.user;
  if (const auto id = NotificationId::parse(call.param("id"))) {
    if (auto found = co_await call.services.reader.find(user, apps, *id))
      co_return Target{std::move(*found), std::move(endpoint)};
  }
  const auto name = call.params.decoded("id");
  if (!name || !valid_utf8(*name)) co_return fail(no_such_notification());
  auto found = co_await call.services.reader.find_named(user, apps, *name);
  if (found.empty()) co_return fail(no_such_notification());
  if (found.size() > 1) co_return fail(several_apps(call, "name one by X-UNS-ID"));
  co_return Target{std::move(found.front()), std::move(endpoint)};
}

net::Response one_activity(const Call& call, const FeedKey& feed, const model::Notification& notification) {
  std::string body = "[";
  model::append_activity(body, notification, host_name_of(call, feed.app), true);
  return json_response(200, body + "]");
}

model::ChangeRequest request_for(const Call& call, const Target& target) {
  model::ChangeRequest request;
  request.feed = target.found.feed;
  request.application = call.principal.application;
  request.now = call.now;
  if (target.endpoint) request.maker = target.endpoint->id;
  return request;
}

}  // namespace

Answer view(Call& call) {
  const std::string etag(call.request.headers.find("If-None-Match").value_or(""));
  HG_CO_TRY(const auto subscription, co_await path_subscription(call, etag));
  if (const auto version = call.services.tokens.parse_etag(subscription.feed, etag)) {
    // Below the floor it counts as absent.
    if (auto response = co_await changed_view(call, subscription, *version)) co_return std::move(*response);
  }
  co_return co_await whole_view(call, subscription);
}

Answer show_activity(Call& call) {
  HG_CO_TRY(const auto target, co_await target_of(call));
  if (target.endpoint) co_await call.services.subscriptions.fetched(*target.endpoint, target.found.notification);
  co_return one_activity(call, target.found.feed, target.found.notification);
}

Answer change_activity(Call& call) {
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(const auto patch, model::parse_activity_patch(body, call.now));
  HG_CO_TRY(const auto target, co_await target_of(call));
  auto request = request_for(call, target);
  request.what = model::StateRequest{target.found.notification.id, patch, handled_by(target.endpoint, call.now)};
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, target.found.feed, changed);
  co_return one_activity(call, target.found.feed, changed.notifications.front());
}

Answer remove_activity(Call& call) {
  HG_CO_TRY(const auto target, co_await target_of(call));
  auto request = request_for(call, target);
  request.what = model::DeleteRequest{target.found.notification.id};
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, target.found.feed, changed);
  co_return json_response(200, "{}");
}

}  // namespace hg::api::feeds
