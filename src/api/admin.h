// The admin API, /admin/v1: what the CLI and the console call. Scope Heliograph.Admin, for GET Heliograph.Read will do;
// a request on the Unix socket without Authorization acts as the local administrator. Every change leaves an audit
// line. Errors are the Graph API's. Lists are {"value": [...]}. Changes answer the whole object, DELETE 204.
//
//   method  path                                      body, query                              answers
//   GET     /status                                                                            Status
//   GET     /users                                                                             [User]
//   POST    /users                                    userPrincipalName, displayName?, mail?,  201 User, password where
//   it
//                                                     locale?, timeZone?, password?,               was made up here
//                                                     administrator?
//   GET     /users/{user}                             {user}: id or userPrincipalName          User
//   PATCH   /users/{user}                             displayName? mail? locale? timeZone?     User
//                                                     password? administrator? blocked?
//   DELETE  /users/{user}                             its subscriptions end: userRemoved;      204
//                                                     ?erase=true: and every row goes
//   GET     /users/{user}/sessions                                                             [Session]
//   DELETE  /users/{user}/sessions                    every sign-in ends, with its tokens      204
//   DELETE  /users/{user}/oneTimePassword             until the user sets one up again         204
//   GET     /applications                                                                      [Application]
//   POST    /applications                             displayName, clientId?, confidential?,   201 Application,
//   clientSecret
//                                                     redirectUris?, allowedScopes?,               where it is
//                                                     confidential appIdUri?, exposedScopes?, trusted?
//   GET     /applications/{application}               {application}: client id or displayName  Application
//   PATCH   /applications/{application}               displayName? allowedScopes? appIdUri?    Application
//                                                     exposedScopes? blocked?
//                                                     allowWithoutPkce? trusted?
//   DELETE  /applications/{application}                                                        204
//   POST    /applications/{application}/secrets       expirationDateTime?                      201 Secret, clientSecret
//   DELETE  /applications/{application}/secrets/{id}                                           204
//   POST    /applications/{application}/redirectUris  kind: web | spa | native, uri            Application
//   DELETE  /applications/{application}/redirectUris  ?kind=&uri=                              204
//   POST    /applications/{application}/certificates  certificate (PEM) | jwk, displayName?    201 Certificate
//   DELETE  /applications/{application}/certificates/{id}                                      204
//   POST    /applications/{application}/externalIdentities    issuer, clientId (there)         Application
//   DELETE  /applications/{application}/externalIdentities    ?issuer=&clientId=               204
//   GET     /signingKeys                                                                       [SigningKey]
//   POST    /signingKeys/prepare                      algorithm?: RS256 | ES256                [SigningKey]
//   POST    /signingKeys/rotate                       algorithm?                               [SigningKey]
//   GET     /crossDeviceApps                                                                   [CrossDeviceApp]
//   POST    /crossDeviceApps                          hostName, members?, allowUnverified?     201 CrossDeviceApp
//   GET     /crossDeviceApps/{hostName}                                                        CrossDeviceApp
//   PATCH   /crossDeviceApps/{hostName}               allowUnverified?                         CrossDeviceApp
//   DELETE  /crossDeviceApps/{hostName}                                                        204
//   GET     /crossDeviceApps/{hostName}/verification         how its host proves itself        {verified, file,
//   txtValue…} POST    /crossDeviceApps/{hostName}/verification         asks the host now                 the same,
//   with reasons POST    /crossDeviceApps/{hostName}/members              clientId CrossDeviceApp DELETE
//   /crossDeviceApps/{hostName}/members/{clientId}                                     204 POST
//   /crossDeviceApps/{hostName}/platformAppIds       platform, appId                   CrossDeviceApp DELETE
//   /crossDeviceApps/{hostName}/platformAppIds       ?platform=&appId=                 204 POST
//   /crossDeviceApps/{hostName}/senderDomains        domain                            CrossDeviceApp DELETE
//   /crossDeviceApps/{hostName}/senderDomains/{domain}                                 204 GET
//   /crossDeviceApps/{hostName}/credentials                                            [Credential] POST
//   /crossDeviceApps/{hostName}/credentials   platform, appIds?, and                   201 Credential
//                                                     apns: key, keyId, teamId, environment?
//                                                     fcm: serviceAccount
//                                                     wns: packageSid | tenantId and clientId,
//                                                          clientSecret
//                                                     webpush: subject
//   DELETE  /crossDeviceApps/{hostName}/credentials/{id}                                       204
//   POST    /crossDeviceApps/{hostName}/credentials/{id}/test   asks the platform now         {state, reason, advice}
//   GET     /crossDeviceApps/{hostName}/webhooks                                               [Webhook]
//   POST    /crossDeviceApps/{hostName}/webhooks      url, which must answer the challenge     201 Webhook, secret
//   DELETE  /crossDeviceApps/{hostName}/webhooks/{id}                                          204
//   POST    /crossDeviceApps/{hostName}/webhooks/{id}/test   sends it a test message           {state, reason}
//   GET     /subscriptions                            ?user= [&crossDevice=HOST]               [Subscription], active
//   POST    /subscriptions                            user, crossDevice?, deviceId?            201 Subscription (200
//   renewed):
//                                                                                                  live only
//   DELETE  /subscriptions/{UNSID}                    ends it: unsubscribed; also by id        204
//                                                     and ?user=
//   GET     /notifications                            ?user= [&crossDevice=HOST]               [Notification], no
//                                                                                                payload, no policies
//   GET     /notifications/{id}                       the same; {id}: or appNotificationId     Notification; whole for
//                                                                                                Heliograph.Admin
//   DELETE  /notifications/{id}                       the same; every device sees it go        204
//   GET     /notifications/{id}/deliveries            the same                                 [Delivery]
//   POST    /tokens                                   user?, clientId?, crossDevice?, scope?   access_token,
//   token_type,
//                                                     without user: an app-only token;             expires_in, scope
//                                                     without clientId: the first member of
//                                                     the cross-device app
//   GET     /audit                                    ?$top= (100)                             [AuditLine], newest
//   first
//
//   GET     /audit/verification                       ?head= (of earlier)                      {whole, entries, head,
//                                                                                                reason}
//
// crossDevice may be left out where there is one only.
//
//   Status          {name, version, tenantId, authority, issuer, publicUrl}
//   User            {id, userPrincipalName, displayName, mail, locale, timeZone, administrator, blocked,
//                    oneTimePassword, createdDateTime}
//   Application     {clientId, displayName, confidential, blocked, redirectUris: {web: [], spa: [],
//   native: []},
//                    allowedScopes: [], appIdUri, exposedScopes: [], allowWithoutPkce, trusted,
//                    secrets: [Secret], certificates: [Certificate], externalIdentities: [{issuer, clientId}],
//                    crossDeviceApps: [HOST], createdDateTime}
//   Certificate     {id, kind: "certificate"|"jwk", displayName, thumbprint, createdDateTime, expirationDateTime}
//   SigningKey      {kid, algorithm, state: "next"|"current"|"retired", createdDateTime, activatedDateTime,
//                    retiredDateTime}
//   Session         {id, createdDateTime, lastSeenDateTime}
//   Secret          {id, hint, createdDateTime, expirationDateTime}
//   CrossDeviceApp  {id, hostName, members: [{clientId, displayName}], platformAppIds: {windows_universal: [],
//                    windows_win32: [], android: [], ios: [], web: []}, senderDomains: [], vapidPublicKey,
//                    allowUnverified, verified, verifiedDateTime, createdDateTime}
//   Credential      {id, platform: "apns"|"fcm"|"wns"|"webpush", appIds: [], what is no secret of it, state: "ok"|
//                    "broken", reason, brokenSinceDateTime, createdDateTime}
//   Webhook         {id, url, state: "ok"|"failing", reason, failingSinceDateTime, waiting: ends not told yet,
//                    createdDateTime}
//   Subscription    {id, crossDevice, deviceId, deviceName, platform, channel: "live"|"wns"|…, createdDateTime,
//                    renewedDateTime, expirationDateTime, userNotificationSubscriptionId, partialSyncToken (POST)}
//   Notification, Delivery    as in the Graph API
//   AuditLine       {sequence, dateTime, actor, action, subject, details}
#pragma once

#include "api/context.h"

namespace hg::api::admin {

Answer status(Call& call);

Answer list_users(Call& call);
Answer add_user(Call& call);
Answer show_user(Call& call);
Answer change_user(Call& call);
Answer remove_user(Call& call);
Answer list_sessions(Call& call);
Answer end_sessions(Call& call);
Answer remove_one_time_password(Call& call);

Answer list_applications(Call& call);
Answer add_application(Call& call);
Answer show_application(Call& call);
Answer change_application(Call& call);
Answer remove_application(Call& call);
Answer add_secret(Call& call);
Answer remove_secret(Call& call);
Answer add_redirect_uri(Call& call);
Answer remove_redirect_uri(Call& call);
Answer add_certificate(Call& call);
Answer remove_certificate(Call& call);
Answer add_external_identity(Call& call);
Answer remove_external_identity(Call& call);

Answer list_signing_keys(Call& call);
Answer prepare_signing_key(Call& call);
Answer rotate_signing_keys(Call& call);

Answer list_cross_device_apps(Call& call);
Answer add_cross_device_app(Call& call);
Answer show_cross_device_app(Call& call);
Answer change_cross_device_app(Call& call);
Answer remove_cross_device_app(Call& call);
Answer show_verification(Call& call);
Answer verify_host(Call& call);
Answer add_member(Call& call);
Answer remove_member(Call& call);
Answer add_platform_app_id(Call& call);
Answer remove_platform_app_id(Call& call);
Answer add_sender_domain(Call& call);
Answer remove_sender_domain(Call& call);

Answer list_credentials(Call& call);
Answer add_credential(Call& call);
Answer remove_credential(Call& call);
Answer test_credential(Call& call);

Answer list_webhooks(Call& call);
Answer add_webhook(Call& call);
Answer remove_webhook(Call& call);
Answer test_webhook(Call& call);

Answer list_subscriptions(Call& call);
Answer subscribe(Call& call);
Answer end_subscription(Call& call);

Answer list_notifications(Call& call);
Answer show_notification(Call& call);
Answer remove_notification(Call& call);
Answer show_deliveries(Call& call);

Answer mint_token(Call& call);
Answer list_audit(Call& call);
Answer verify_audit(Call& call);

}  // namespace hg::api::admin
