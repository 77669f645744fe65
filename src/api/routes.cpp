#include "api/routes.h"

#include "api/admin.h"
#include "api/batch.h"
#include "api/feeds.h"
#include "api/health.h"
#include "api/live.h"
#include "api/notifications.h"
#include "api/sign_in.h"

namespace hg::api {
namespace {

using enum Who;
constexpr auto kGraph = Shape::graph, kFeed = Shape::feed, kAdmin = Shape::admin, kWhole = Shape::oauth;

constexpr Route kRoutes[] = {
    // The Graph API.
    {"GET", "/me", profile, kGraph, notifications::me, "Who the token is for"},
    {"POST", "/me/notifications", either, kGraph, notifications::post, "Post a notification", kWrites},
    {"GET", "/me/notifications", user, kGraph, notifications::list, "List notifications, newest first"},
    {"GET", "/me/notifications/$count", user, kGraph, notifications::count, "How many notifications there are",
     kAnyType},
    {"GET", "/me/notifications/delta", user, kGraph, notifications::delta, "What changed since a token"},
    {"POST", "/me/notifications/markAllRead", user, kGraph, notifications::mark_all_read,
     "Mark all notifications, or those of a group, read", kWrites},
    {"POST", "/me/notifications/dismissAll", user, kGraph, notifications::dismiss_all,
     "Dismiss all notifications, or those of a group", kWrites},
    {"GET", "/me/notifications/stream", user, kGraph, live::open, "Live connection", kAnyType | kTickets | kAlone},
    {"POST", "/me/notifications/stream/tickets", user, kGraph, live::issue_ticket,
     "A ticket that opens a live connection"},
    {"GET", "/me/notifications/{id}", either, kGraph, notifications::show, "One notification"},
    {"PATCH", "/me/notifications/{id}", either, kGraph, notifications::change,
     "Change a notification's state, or as the app server its content", kWrites},
    {"DELETE", "/me/notifications/{id}", either, kGraph, notifications::remove, "Delete or recall a notification",
     kWrites},
    {"GET", "/subscriptions/getVapidPublicKey", profile, kGraph, notifications::vapid_key, "The VAPID public key"},
    {"GET", "/crossDeviceApps/{hostName}/vapidPublicKey", open, kGraph, notifications::open_vapid_key,
     "The VAPID public key of a cross-device app"},
    {"POST", "/$batch", token, kGraph, batch::run, "Several calls in one", kAlone},

    // The feed API.
    {"POST", "/feeds/me/subscriptions", feed_user, kFeed, feeds::subscribe, "Create or renew a subscription"},
    {"GET", "/feeds/me/subscriptions", feed_user, kFeed, feeds::list_subscriptions, "List subscriptions"},
    {"GET", "/feeds/me/subscriptions/{id}", feed_user, kFeed, feeds::show_subscription, "One subscription"},
    {"DELETE", "/feeds/me/subscriptions/{id}", feed_user, kFeed, feeds::unsubscribe, "End a subscription"},
    {"GET", "/feeds/me/views/{id}/activities", feed_user, kFeed, feeds::view, "The feed as a subscription sees it"},
    {"GET", "/feeds/me/views/{id}/stream", feed_user, kFeed, live::open_view, "Live connection of a subscription",
     kAnyType | kTickets},
    {"POST", "/feeds/me/views/{id}/stream/tickets", feed_user, kFeed, live::issue_view_ticket,
     "A ticket that opens a live connection"},
    {"GET", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::show_activity, "One activity"},
    {"PATCH", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::change_activity, "Change an activity's state",
     kWrites},
    {"DELETE", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::remove_activity, "Delete an activity", kWrites},

    // The admin API.
    {"GET", "/status", admin_read, kAdmin, admin::status, "Name, version, authority"},
    {"GET", "/users", admin_read, kAdmin, admin::list_users, "List users"},
    {"POST", "/users", admin_write, kAdmin, admin::add_user, "Add a user"},
    {"GET", "/users/{user}", admin_read, kAdmin, admin::show_user, "One user"},
    {"PATCH", "/users/{user}", admin_write, kAdmin, admin::change_user, "Change, block or unblock a user"},
    {"DELETE", "/users/{user}", admin_write, kAdmin, admin::remove_user, "Remove a user"},
    {"GET", "/applications", admin_read, kAdmin, admin::list_applications, "List applications"},
    {"POST", "/applications", admin_write, kAdmin, admin::add_application, "Add an application"},
    {"GET", "/applications/{application}", admin_read, kAdmin, admin::show_application, "One application"},
    {"PATCH", "/applications/{application}", admin_write, kAdmin, admin::change_application,
     "Change, block or unblock an application"},
    {"DELETE", "/applications/{application}", admin_write, kAdmin, admin::remove_application, "Remove an application"},
    {"POST", "/applications/{application}/secrets", admin_write, kAdmin, admin::add_secret, "Make a secret"},
    {"DELETE", "/applications/{application}/secrets/{id}", admin_write, kAdmin, admin::remove_secret,
     "Remove a secret"},
    {"POST", "/applications/{application}/redirectUris", admin_write, kAdmin, admin::add_redirect_uri,
     "Add a redirect URI"},
    {"DELETE", "/applications/{application}/redirectUris", admin_write, kAdmin, admin::remove_redirect_uri,
     "Remove a redirect URI"},
    {"GET", "/crossDeviceApps", admin_read, kAdmin, admin::list_cross_device_apps, "List cross-device apps"},
    {"POST", "/crossDeviceApps", admin_write, kAdmin, admin::add_cross_device_app, "Add a cross-device app"},
    {"GET", "/crossDeviceApps/{hostName}", admin_read, kAdmin, admin::show_cross_device_app, "One cross-device app"},
    {"PATCH", "/crossDeviceApps/{hostName}", admin_write, kAdmin, admin::change_cross_device_app,
     "Change a cross-device app"},
    {"DELETE", "/crossDeviceApps/{hostName}", admin_write, kAdmin, admin::remove_cross_device_app,
     "Remove a cross-device app"},
    {"POST", "/crossDeviceApps/{hostName}/members", admin_write, kAdmin, admin::add_member, "Add an application to it"},
    {"DELETE", "/crossDeviceApps/{hostName}/members/{clientId}", admin_write, kAdmin, admin::remove_member,
     "Remove an application from it"},
    {"POST", "/crossDeviceApps/{hostName}/platformAppIds", admin_write, kAdmin, admin::add_platform_app_id,
     "Add a platform app id"},
    {"DELETE", "/crossDeviceApps/{hostName}/platformAppIds", admin_write, kAdmin, admin::remove_platform_app_id,
     "Remove a platform app id"},
    {"POST", "/crossDeviceApps/{hostName}/senderDomains", admin_write, kAdmin, admin::add_sender_domain,
     "Add an e-mail sender domain"},
    {"DELETE", "/crossDeviceApps/{hostName}/senderDomains/{domain}", admin_write, kAdmin, admin::remove_sender_domain,
     "Remove an e-mail sender domain"},
    {"GET", "/subscriptions", admin_read, kAdmin, admin::list_subscriptions, "List a user's subscriptions"},
    {"POST", "/subscriptions", admin_write, kAdmin, admin::subscribe, "Make a live-only subscription"},
    {"DELETE", "/subscriptions/{id}", admin_write, kAdmin, admin::end_subscription, "End a subscription"},
    {"GET", "/notifications", admin_read, kAdmin, admin::list_notifications, "List a user's notifications"},
    {"GET", "/notifications/{id}", admin_read, kAdmin, admin::show_notification, "One notification of a user"},
    {"DELETE", "/notifications/{id}", admin_write, kAdmin, admin::remove_notification, "Delete a user's notification"},
    {"POST", "/tokens", admin_write, kAdmin, admin::mint_token, "A token on behalf of a user or application"},
    {"GET", "/audit", admin_read, kAdmin, admin::list_audit, "The audit log, newest first"},

    // The identity platform.
    {"GET", "/{tenant}/v2.0/.well-known/openid-configuration", open, kWhole, sign_in::discovery, "OpenID discovery"},
    {"GET", "/{tenant}/.well-known/openid-configuration", open, kWhole, sign_in::discovery, "OpenID discovery"},
    {"GET", "/{tenant}/discovery/v2.0/keys", open, kWhole, sign_in::keys, "Public signing keys"},
    {"GET", "/{tenant}/discovery/keys", open, kWhole, sign_in::keys, "Public signing keys"},
    {"GET", "/{tenant}/oauth2/v2.0/authorize", open, kWhole, sign_in::authorize, "The sign-in page", kAnyType},
    {"POST", "/{tenant}/oauth2/v2.0/authorize", open, kWhole, sign_in::authorize_submit, "What the sign-in page sends",
     kAnyType | kForm},
    {"POST", "/{tenant}/oauth2/v2.0/token", open, kWhole, sign_in::token, "The token endpoint", kAnyType | kForm},
    {"GET", "/{tenant}/oauth2/v2.0/logout", open, kWhole, sign_in::logout, "Ends the browser's session", kAnyType},
    {"GET", "/{tenant}/oauth2/nativeclient", open, kWhole, sign_in::native_client, "Where native clients land",
     kAnyType},

    // Health.
    {"GET", "/", open, kWhole, health::root, "Name, version and links", kAnyType},
    {"GET", "/healthz", open, kWhole, health::process, "The process answers", kAnyType | kEverywhere},
    {"GET", "/readyz", open, kWhole, health::ready, "The store works", kAnyType | kEverywhere},
    {"GET", "/metrics", open, kWhole, health::metrics, "What is counted, in Prometheus' text format",
     kAnyType | kOperators},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

std::vector<std::string> paths(const Route& route) {
  const std::string pattern(route.pattern);
  if (route.shape == Shape::oauth) return {pattern};
  if (route.shape == Shape::admin) return {"/admin/v1" + pattern};
  if (route.shape == Shape::feed) return {"/v1" + pattern, "/v2" + pattern, "/v3" + pattern};
  std::vector<std::string> forms{pattern};
  if (pattern == "/me/notifications/{id}") forms.emplace_back("/me/activities/{id}");
  if (pattern.ends_with("/delta")) {
    forms.push_back(pattern + "()");
    forms.push_back(pattern.substr(0, pattern.size() - 5) + "microsoft.graph.delta()");
  }
  std::vector<std::string> all;
  for (const std::string& form : forms) {
    for (const std::string version : {"/beta", "/v1.0"}) {
      all.push_back(version + form);
      if (form.starts_with("/me")) all.push_back(version + "/users/{userId}" + form.substr(3));
    }
  }
  return all;
}

Shape shape_of(std::string_view path) {
  const std::string start = lower(path.substr(0, 10));
  for (const std::string_view feeds : {"/v1/feeds", "/v2/feeds", "/v3/feeds"}) {
    if (start.starts_with(feeds)) return Shape::feed;
  }
  return Shape::graph;
}

}  // namespace hg::api
