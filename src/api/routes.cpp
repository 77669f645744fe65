#include "api/routes.h"

#include "api/admin.h"
#include "api/batch.h"
#include "api/deliveries.h"
#include "api/documents.h"
#include "api/feeds.h"
#include "api/health.h"
#include "api/live.h"
#include "api/notification_ticket.h"
#include "api/notifications.h"
#include "api/sign_in.h"

namespace hg::api {
namespace {

using enum Who;
constexpr auto kGraph = Shape::graph, kFeed = Shape::feed, kAdmin = Shape::admin, kWhole = Shape::oauth;

constexpr Route kRoutes[] = {
    // The Graph API.
    {"GET", "/me", profile, kGraph, notifications::me, "Who the token is for", answers("200 me")},
    {"POST", "/me/notifications", either, kGraph, notifications::post, "Post a notification",
     takes("notificationPost").with("X-UNS-ID Idempotency-Key Retry-Attempt").answers("201 notification 422"), kWrites},
    {"GET", "/me/notifications", user, kGraph, notifications::list, "List notifications, newest first",
     with("X-UNS-ID targetHostName $top $skiptoken $count $select $filter $orderby Prefer")
         .answers("200 notifications")},
    {"GET", "/me/notifications/$count", user, kGraph, notifications::count, "How many notifications there are",
     with("X-UNS-ID targetHostName $filter $top $skiptoken $count $select $orderby Prefer")
         .answers("200 text/plain 406"),
     kAnyType},
    {"GET", "/me/notifications/delta", user, kGraph, notifications::delta, "What changed since a token",
     with("X-UNS-ID targetHostName $deltatoken $skiptoken $top $select Prefer").answers("200 notificationDelta 410")},
    {"POST", "/me/notifications/markAllRead", user, kGraph, notifications::mark_all_read,
     "Mark all notifications, or those of a group, read",
     takes("notificationGroup?").with("X-UNS-ID targetHostName").answers("204"), kWrites},
    {"POST", "/me/notifications/dismissAll", user, kGraph, notifications::dismiss_all,
     "Dismiss all notifications, or those of a group",
     takes("notificationGroup?").with("X-UNS-ID targetHostName").answers("204"), kWrites},
    {"GET", "/me/notifications/stream", user, kGraph, live::open, "Live connection",
     with("X-UNS-ID targetHostName subscription etag Last-Event-ID").answers("101 200 text/event-stream 406"),
     kAnyType | kTickets | kAlone},
    {"POST", "/me/notifications/stream/tickets", user, kGraph, live::issue_ticket,
     "A ticket that opens a live connection",
     takes("nothing?").with("X-UNS-ID targetHostName subscription").answers("201 ticket")},
    {"GET", "/me/notifications/{id}", either, kGraph, notifications::show, "One notification",
     with("X-UNS-ID").answers("200 notification")},
    {"PATCH", "/me/notifications/{id}", either, kGraph, notifications::change,
     "Change a notification's state, or as the app server its content",
     takes("notificationPatch").with("X-UNS-ID If-Match Prefer").answers("200 notification 204 412"), kWrites},
    {"DELETE", "/me/notifications/{id}", either, kGraph, notifications::remove, "Delete or recall a notification",
     with("X-UNS-ID If-Match").answers("204 412"), kWrites},
    {"GET", "/me/notifications/{id}/deliveries", either, kGraph, deliveries::of_notification,
     "What became of bringing it to each endpoint", with("X-UNS-ID").answers("200 deliveries")},
    {"GET", "/notifications/ticket", ticket, kGraph, notification_ticket::show,
     "The notification of a signal's ticket, without a token", answers("200 notification 410 412"), kAlone},
    {"POST", "/notifications/ticket", ticket, kGraph, notification_ticket::settle,
     "Change the state of the notification of a signal's ticket",
     takes("notificationPatch").with("If-Match Prefer").answers("200 notification 204 410 412"), kWrites | kAlone},
    {"GET", "/endedSubscriptions", application, kGraph, deliveries::ended_subscriptions,
     "Subscriptions that have ended, for app servers", with("since").answers("200 endedSubscriptions")},
    {"GET", "/subscriptions/getVapidPublicKey", profile, kGraph, notifications::vapid_key, "The VAPID public key",
     with("targetHostName").answers("200 vapidKey")},
    {"GET", "/crossDeviceApps/{hostName}/vapidPublicKey", open, kGraph, notifications::open_vapid_key,
     "The VAPID public key of a cross-device app", answers("200 vapidKey")},
    {"POST", "/$batch", token, kGraph, batch::run, "Several calls in one",
     takes("batch").with("Retry-Attempt").answers("200 batchAnswers"), kAlone},
    {"GET", "/$metadata", open, kGraph, documents::metadata, "The OData schema", answers("200 application/xml"),
     kAnyType},

    // The feed API.
    {"POST", "/feeds/me/subscriptions", feed_user, kFeed, feeds::subscribe, "Create or renew a subscription",
     takes("subscriptionRequest").answers("200 feedSubscription 201 feedSubscription")},
    {"GET", "/feeds/me/subscriptions", feed_user, kFeed, feeds::list_subscriptions, "List subscriptions",
     answers("200 feedSubscriptions")},
    {"GET", "/feeds/me/subscriptions/{id}", feed_user, kFeed, feeds::show_subscription, "One subscription",
     answers("200 feedSubscriptions 410")},
    {"DELETE", "/feeds/me/subscriptions/{id}", feed_user, kFeed, feeds::unsubscribe, "End a subscription",
     answers("200 nothing 410")},
    {"GET", "/feeds/me/views/{id}/activities", feed_user, kFeed, feeds::view, "The feed as a subscription sees it",
     with("pageSize token types format lastmodifiedafter lastmodifiedbefore").answers("200 view 410")},
    {"GET", "/feeds/me/views/{id}/stream", feed_user, kFeed, live::open_view, "Live connection of a subscription",
     with("etag Last-Event-ID").answers("101 200 text/event-stream 406 410"), kAnyType | kTickets},
    {"POST", "/feeds/me/views/{id}/stream/tickets", feed_user, kFeed, live::issue_view_ticket,
     "A ticket that opens a live connection", takes("nothing?").answers("201 ticket 410")},
    {"GET", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::show_activity, "One activity",
     with("X-UNS-ID").answers("200 activities")},
    {"PATCH", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::change_activity, "Change an activity's state",
     takes("activityPatch").with("X-UNS-ID").answers("200 activities 412"), kWrites},
    {"DELETE", "/feeds/me/activities/{id}", feed_user, kFeed, feeds::remove_activity, "Delete an activity",
     with("X-UNS-ID").answers("200 nothing"), kWrites},

    // The admin API.
    {"GET", "/status", admin_read, kAdmin, admin::status, "Name, version, authority", answers("200 status")},
    {"GET", "/users", admin_read, kAdmin, admin::list_users, "List users", answers("200 users")},
    {"POST", "/users", admin_write, kAdmin, admin::add_user, "Add a user", takes("newUser").answers("201 user 409")},
    {"GET", "/users/{user}", admin_read, kAdmin, admin::show_user, "One user", answers("200 user")},
    {"PATCH", "/users/{user}", admin_write, kAdmin, admin::change_user, "Change, block or unblock a user",
     takes("userChange").answers("200 user")},
    {"DELETE", "/users/{user}", admin_write, kAdmin, admin::remove_user, "Remove a user", with("erase").answers("204")},
    {"GET", "/users/{user}/sessions", admin_read, kAdmin, admin::list_sessions, "Where a user is signed in",
     answers("200 sessions")},
    {"DELETE", "/users/{user}/sessions", admin_write, kAdmin, admin::end_sessions, "Sign a user out everywhere",
     answers("204")},
    {"DELETE", "/users/{user}/oneTimePassword", admin_write, kAdmin, admin::remove_one_time_password,
     "Ask a user for no one-time password any longer", answers("204")},
    {"GET", "/applications", admin_read, kAdmin, admin::list_applications, "List applications",
     answers("200 applications")},
    {"POST", "/applications", admin_write, kAdmin, admin::add_application, "Add an application",
     takes("newApplication").answers("201 application 409")},
    {"GET", "/applications/{application}", admin_read, kAdmin, admin::show_application, "One application",
     answers("200 application")},
    {"PATCH", "/applications/{application}", admin_write, kAdmin, admin::change_application,
     "Change, block or unblock an application", takes("applicationChange").answers("200 application")},
    {"DELETE", "/applications/{application}", admin_write, kAdmin, admin::remove_application, "Remove an application",
     answers("204")},
    {"POST", "/applications/{application}/secrets", admin_write, kAdmin, admin::add_secret, "Make a secret",
     takes("newSecret?").answers("201 secret 409")},
    {"DELETE", "/applications/{application}/secrets/{id}", admin_write, kAdmin, admin::remove_secret, "Remove a secret",
     answers("204")},
    {"POST", "/applications/{application}/redirectUris", admin_write, kAdmin, admin::add_redirect_uri,
     "Add a redirect URI", takes("newRedirectUri").answers("200 application 409")},
    {"DELETE", "/applications/{application}/redirectUris", admin_write, kAdmin, admin::remove_redirect_uri,
     "Remove a redirect URI", with("kind uri").answers("204")},
    {"POST", "/applications/{application}/certificates", admin_write, kAdmin, admin::add_certificate,
     "Register what it signs with in place of a secret", takes("newCertificate").answers("201 certificate 409")},
    {"DELETE", "/applications/{application}/certificates/{id}", admin_write, kAdmin, admin::remove_certificate,
     "Remove it", answers("204")},
    {"POST", "/applications/{application}/externalIdentities", admin_write, kAdmin, admin::add_external_identity,
     "Name what it goes by at another issuer", takes("newExternalIdentity").answers("200 application 409")},
    {"DELETE", "/applications/{application}/externalIdentities", admin_write, kAdmin, admin::remove_external_identity,
     "Remove that", with("issuer clientId").answers("204")},
    {"GET", "/signingKeys", admin_read, kAdmin, admin::list_signing_keys, "The keys that sign tokens",
     answers("200 signingKeys")},
    {"POST", "/signingKeys/prepare", admin_write, kAdmin, admin::prepare_signing_key,
     "Publish a key that signs after the next rotation", takes("keyAlgorithm?").answers("200 signingKeys")},
    {"POST", "/signingKeys/rotate", admin_write, kAdmin, admin::rotate_signing_keys,
     "Sign with the prepared key from now on, or with a new one",
     takes("keyAlgorithm?").answers("200 signingKeys 409")},
    {"GET", "/crossDeviceApps", admin_read, kAdmin, admin::list_cross_device_apps, "List cross-device apps",
     answers("200 crossDeviceApps")},
    {"POST", "/crossDeviceApps", admin_write, kAdmin, admin::add_cross_device_app, "Add a cross-device app",
     takes("newCrossDeviceApp").answers("201 crossDeviceApp 409")},
    {"GET", "/crossDeviceApps/{hostName}", admin_read, kAdmin, admin::show_cross_device_app, "One cross-device app",
     answers("200 crossDeviceApp")},
    {"PATCH", "/crossDeviceApps/{hostName}", admin_write, kAdmin, admin::change_cross_device_app,
     "Change a cross-device app", takes("crossDeviceAppChange").answers("200 crossDeviceApp")},
    {"DELETE", "/crossDeviceApps/{hostName}", admin_write, kAdmin, admin::remove_cross_device_app,
     "Remove a cross-device app", answers("204")},
    {"GET", "/crossDeviceApps/{hostName}/verification", admin_read, kAdmin, admin::show_verification,
     "How its host proves itself", answers("200 hostVerification")},
    {"POST", "/crossDeviceApps/{hostName}/verification", admin_write, kAdmin, admin::verify_host, "Ask its host now",
     takes("nothing?").answers("200 hostVerification")},
    {"POST", "/crossDeviceApps/{hostName}/members", admin_write, kAdmin, admin::add_member, "Add an application to it",
     takes("newMember").answers("200 crossDeviceApp")},
    {"DELETE", "/crossDeviceApps/{hostName}/members/{clientId}", admin_write, kAdmin, admin::remove_member,
     "Remove an application from it", answers("204")},
    {"POST", "/crossDeviceApps/{hostName}/platformAppIds", admin_write, kAdmin, admin::add_platform_app_id,
     "Add a platform app id", takes("newPlatformAppId").answers("200 crossDeviceApp 409")},
    {"DELETE", "/crossDeviceApps/{hostName}/platformAppIds", admin_write, kAdmin, admin::remove_platform_app_id,
     "Remove a platform app id", with("platform appId").answers("204")},
    {"POST", "/crossDeviceApps/{hostName}/senderDomains", admin_write, kAdmin, admin::add_sender_domain,
     "Add an e-mail sender domain", takes("newSenderDomain").answers("200 crossDeviceApp")},
    {"DELETE", "/crossDeviceApps/{hostName}/senderDomains/{domain}", admin_write, kAdmin, admin::remove_sender_domain,
     "Remove an e-mail sender domain", answers("204")},
    {"GET", "/crossDeviceApps/{hostName}/credentials", admin_read, kAdmin, admin::list_credentials,
     "What it shows to push platforms, without secrets", answers("200 credentials")},
    {"POST", "/crossDeviceApps/{hostName}/credentials", admin_write, kAdmin, admin::add_credential,
     "Add credentials of a push platform", takes("newCredential").answers("201 credential 409")},
    {"DELETE", "/crossDeviceApps/{hostName}/credentials/{id}", admin_write, kAdmin, admin::remove_credential,
     "Remove credentials of a push platform", answers("204")},
    {"POST", "/crossDeviceApps/{hostName}/credentials/{id}/test", admin_write, kAdmin, admin::test_credential,
     "Ask the push platform now whether it takes them", takes("nothing?").answers("200 credentialTest")},
    {"GET", "/crossDeviceApps/{hostName}/webhooks", admin_read, kAdmin, admin::list_webhooks,
     "Where its app servers are told of ended subscriptions", answers("200 webhooks")},
    {"POST", "/crossDeviceApps/{hostName}/webhooks", admin_write, kAdmin, admin::add_webhook,
     "Add a webhook, which is asked first whether it wants to be one", takes("newWebhook").answers("201 webhook 409")},
    {"DELETE", "/crossDeviceApps/{hostName}/webhooks/{id}", admin_write, kAdmin, admin::remove_webhook,
     "Remove a webhook", answers("204")},
    {"POST", "/crossDeviceApps/{hostName}/webhooks/{id}/test", admin_write, kAdmin, admin::test_webhook,
     "Send a webhook a test message", takes("nothing?").answers("200 webhookTest")},
    {"GET", "/subscriptions", admin_read, kAdmin, admin::list_subscriptions, "List a user's subscriptions",
     with("user crossDevice").answers("200 subscriptions")},
    {"POST", "/subscriptions", admin_write, kAdmin, admin::subscribe, "Make a live-only subscription",
     takes("newSubscription").answers("200 subscription 201 subscription")},
    {"DELETE", "/subscriptions/{id}", admin_write, kAdmin, admin::end_subscription, "End a subscription",
     with("user").answers("204 410")},
    {"GET", "/notifications", admin_read, kAdmin, admin::list_notifications, "List a user's notifications",
     with("user crossDevice").answers("200 userNotifications")},
    {"GET", "/notifications/{id}", admin_read, kAdmin, admin::show_notification, "One notification of a user",
     with("user crossDevice").answers("200 notification")},
    {"DELETE", "/notifications/{id}", admin_write, kAdmin, admin::remove_notification, "Delete a user's notification",
     with("user crossDevice").answers("204")},
    {"GET", "/notifications/{id}/deliveries", admin_read, kAdmin, admin::show_deliveries,
     "What became of bringing it to each endpoint", with("user crossDevice").answers("200 deliveries")},
    {"POST", "/tokens", admin_write, kAdmin, admin::mint_token, "A token on behalf of a user or application",
     takes("newToken").answers("200 mintedToken")},
    {"GET", "/audit", admin_read, kAdmin, admin::list_audit, "The audit log, newest first",
     with("$top").answers("200 auditLines")},
    {"GET", "/audit/verification", admin_read, kAdmin, admin::verify_audit, "Whether the audit log is whole",
     with("head").answers("200 auditVerdict")},

    // The identity platform.
    {"GET", "/{tenant}/v2.0/.well-known/openid-configuration", open, kWhole, sign_in::discovery, "OpenID discovery",
     answers("200 discovery 400 oauthError")},
    {"GET", "/{tenant}/.well-known/openid-configuration", open, kWhole, sign_in::discovery, "OpenID discovery",
     answers("200 discovery 400 oauthError")},
    {"GET", "/.well-known/openid-configuration", open, kWhole, sign_in::discovery, "OpenID discovery",
     answers("200 discovery")},
    {"GET", "/.well-known/oauth-authorization-server/{tenant}/v2.0", open, kWhole, sign_in::discovery,
     "OAuth 2.0 discovery (RFC 8414)", answers("200 discovery 400 oauthError")},
    {"GET", "/{tenant}/discovery/instance", open, kWhole, sign_in::instance,
     "Instance discovery, which older clients ask before they trust an authority",
     with("api-version authorization_endpoint").answers("200 instance 400 oauthError")},
    {"GET", "/{tenant}/discovery/v2.0/keys", open, kWhole, sign_in::keys, "Public signing keys",
     answers("200 keySet 400 oauthError")},
    {"GET", "/{tenant}/discovery/keys", open, kWhole, sign_in::keys, "Public signing keys",
     answers("200 keySet 400 oauthError")},
    {"GET", "/{tenant}/oauth2/v2.0/authorize", open, kWhole, sign_in::authorize, "The sign-in page",
     with("client_id response_type redirect_uri scope state nonce response_mode prompt login_hint code_challenge "
          "code_challenge_method")
         .answers("200 text/html 302 400 text/html oauthError"),
     kAnyType},
    {"POST", "/{tenant}/oauth2/v2.0/authorize", open, kWhole, sign_in::authorize_submit, "What the sign-in page sends",
     takes("signInForm")
         .with("client_id response_type redirect_uri scope state nonce response_mode prompt login_hint code_challenge "
               "code_challenge_method")
         .answers("200 text/html 302 303 400 text/html oauthError 401 text/html 403 text/html 429 text/html"),
     kAnyType | kForm},
    {"POST", "/{tenant}/oauth2/v2.0/token", open, kWhole, sign_in::token, "The token endpoint",
     takes("tokenRequest").answers("200 issuedToken 400 oauthError 401 oauthError 429 oauthError"),
     kAnyType | kForm | kClients},
    {"POST", "/{tenant}/oauth2/token", open, kWhole, sign_in::token_v1, "The token endpoint's first version",
     takes("tokenRequestV1").answers("200 issuedTokenV1 400 oauthError 401 oauthError 429 oauthError"),
     kAnyType | kForm | kClients},
    {"POST", "/{tenant}/oauth2/v2.0/revoke", open, kWhole, sign_in::revoke, "Ends a token (RFC 7009)",
     takes("revocationRequest").answers("200 nothing 400 oauthError 401 oauthError 429 oauthError"),
     kAnyType | kForm | kClients},
    {"POST", "/{tenant}/oauth2/v2.0/devicecode", open, kWhole, sign_in::device_code,
     "Begins the device grant (RFC 8628)",
     takes("deviceRequest").answers("200 deviceAuthorization 400 oauthError 401 oauthError 429 oauthError"),
     kAnyType | kForm | kClients},
    {"GET", "/device", open, kWhole, sign_in::device_page, "Where the code of a device is typed",
     with("user_code").answers("200 text/html"), kAnyType},
    {"POST", "/device", open, kWhole, sign_in::device_submit, "What that page sends",
     takes("deviceForm").answers("200 text/html 400 text/html 401 text/html 403 text/html 429 text/html"),
     kAnyType | kForm},
    {"GET", "/account", open, kWhole, sign_in::account, "A user's own page: consents and sessions",
     answers("200 text/html"), kAnyType},
    {"POST", "/account", open, kWhole, sign_in::account_submit, "What that page sends",
     takes("accountForm").answers("200 text/html 400 text/html 401 text/html 403 text/html 429 text/html"),
     kAnyType | kForm},
    {"GET", "/oidc/userinfo", token, kWhole, sign_in::userinfo, "Who the token is for", answers("200 userinfo")},
    {"POST", "/oidc/userinfo", token, kWhole, sign_in::userinfo, "Who the token is for",
     takes("nothing?").answers("200 userinfo"), kForm},
    {"GET", "/{tenant}/oauth2/v2.0/logout", open, kWhole, sign_in::logout, "Ends the browser's session",
     with("post_logout_redirect_uri state id_token_hint client_id logout_hint")
         .answers("200 text/html 302 400 text/html"),
     kAnyType},
    {"POST", "/{tenant}/oauth2/v2.0/logout", open, kWhole, sign_in::logout, "Ends the browser's session",
     takes("logoutForm?").answers("200 text/html 303 400 text/html"), kAnyType | kForm},
    {"GET", "/{tenant}/oauth2/nativeclient", open, kWhole, sign_in::native_client, "Where native clients land",
     answers("200 text/html"), kAnyType},

    {"GET", "/openapi.json", open, kWhole, documents::openapi, "This document", answers("200 openapi")},

    // Health.
    {"GET", "/", open, kWhole, health::root, "Name, version and links", answers("200 home text/html"), kAnyType},
    {"GET", "/healthz", open, kWhole, health::process, "The process answers", answers("200 health"),
     kAnyType | kEverywhere},
    {"GET", "/readyz", open, kWhole, health::ready, "The store works", answers("200 health 503 health"),
     kAnyType | kEverywhere},
    {"GET", "/metrics", open, kWhole, health::metrics, "What is counted, in Prometheus' text format",
     answers("200 text/plain"), kAnyType | kOperators},
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
