// The admin API's notifications: what a user has, and taking one away. Who may only look does not see what it says.
#include <array>

#include "api/admin.h"
#include "api/admin_fields.h"
#include "api/deliveries.h"
#include "api/odata.h"
#include "api/target.h"

namespace hg::api::admin {
namespace {

using identity::Scope;

// Everything but payload and policies.
const std::array<std::string, 15> kHead{"id",
                                        "targetHostName",
                                        "appNotificationId",
                                        "groupName",
                                        "displayTimeToLive",
                                        "expirationDateTime",
                                        "priority",
                                        "status",
                                        "readState",
                                        "userActionState",
                                        "snoozeUntilDateTime",
                                        "handledBy",
                                        "contentVersion",
                                        "creationDateTime",
                                        "lastModifiedDateTime"};

bool may_read_payloads(const Call& call) {
  return call.principal.local_administrator || call.principal.scopes.has(Scope::admin);
}

void write(JsonWriter& out, const Call& call, const FeedKey& feed, const model::Notification& notification,
           bool whole) {
  const std::string etag = entity_etag(call.services.tokens.etag(feed, notification.version));
  const std::string host = host_name_of(call, feed.app);
  EntityView view{.host_name = host, .etag = etag};
  if (!whole) view.select = kHead;
  write_notification(out, notification, view);
}

asio::awaitable<Result<store::User>> user_of_query(Call& call) {
  const std::string* name = call.option("user");
  if (name == nullptr) co_return fail(Code::invalid_query_option, "whose notifications? name one by ?user=", "user");
  co_return co_await user_named(call, *name);
}

// The cross-device app that the query names, or all there are.
Result<std::vector<AppId>> apps_of_query(const Call& call) {
  const auto directory = call.services.registry.directory();
  std::vector<AppId> apps;
  if (const std::string* host = call.option("crossDevice")) {
    HG_TRY(const AppId app, app_named(call, *host));
    apps.push_back(app);
  } else {
    for (const auto& [app, unused] : directory->cross_device_apps()) apps.push_back(app);
  }
  return apps;
}

// {id}: the id, or what the app server called it.
asio::awaitable<Result<feed::Found>> named_notification(Call& call) {
  HG_CO_TRY(const auto user, co_await user_of_query(call));
  HG_CO_TRY(const auto apps, apps_of_query(call));
  const std::string name = path_text(call, "id");
  if (const auto id = NotificationId::parse(name)) {
    auto found = co_await call.services.reader.find(user.id, apps, *id);
    if (found) co_return std::move(*found);
  }
  auto found = co_await call.services.reader.find_named(user.id, apps, name);
  if (found.empty()) co_return fail(Code::not_found, user.upn + " has no notification " + name);
  if (found.size() > 1)
    co_return fail(Code::ambiguous_target_host_name,
                   "several cross-device apps have a notification " + name + "; name one by ?crossDevice=");
  co_return std::move(found.front());
}

}  // namespace

Answer list_notifications(Call& call) {
  HG_CO_TRY(const auto user, co_await user_of_query(call));
  HG_CO_TRY(const auto apps, apps_of_query(call));
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const AppId& app : apps) {
    const FeedKey feed{user.id, app};
    feed::ListQuery query{.top = feed::kPage};
    do {
      const auto page = co_await call.services.reader.list(feed, query);
      for (const auto& notification : page.notifications) write(out, call, feed, notification, false);
      query.after = page.next;
    } while (query.after);
  }
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer show_notification(Call& call) {
  HG_CO_TRY(const auto found, co_await named_notification(call));
  std::string body;
  JsonWriter out(body);
  write(out, call, found.feed, found.notification, may_read_payloads(call));
  co_return json_response(200, std::move(body));
}

Answer show_deliveries(Call& call) {
  HG_CO_TRY(const auto found, co_await named_notification(call));
  co_return co_await deliveries::report(call, found.feed, found.notification);
}

Answer remove_notification(Call& call) {
  HG_CO_TRY(const auto found, co_await named_notification(call));
  model::ChangeRequest request;
  request.feed = found.feed;
  request.now = call.now;
  request.what = model::DeleteRequest{found.notification.id};
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, found.feed, changed);
  std::string detail;
  JsonWriter(detail)
      .object()
      .field("user", found.feed.user)
      .field("crossDevice", host_name_of(call, found.feed.app))
      .end();
  co_await call.services.registry.note(co_await actor(call), "notification.remove", found.notification.id.str(),
                                       detail);
  co_return no_content();
}

}  // namespace hg::api::admin
