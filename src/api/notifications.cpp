#include "api/notifications.h"

#include "api/headers.h"
#include "api/odata.h"
#include "api/routes.h"
#include "api/target.h"
#include "crypto/hash.h"

namespace hg::api::notifications {
namespace {

// How long an app server may recall by a UNSID after its end.
constexpr Duration kRecall = std::chrono::days(30);
constexpr std::size_t kMaxIdempotencyKey = 128;

asio::awaitable<net::Response> users_entity(Call& call, int status, const FeedKey& feed,
                                            const model::Notification& notification) {
  const std::string context = entity_context(call.base, call.version, co_await upn_of(call, feed.user));
  co_return entity(call, status, feed, notification, context);
}

std::unexpected<Error> ended(const feed::Resolved& resolved) {
  Error error{Code::subscription_ended,
              "the subscription that X-UNS-ID names has ended and the user has no other one here: forget it"};
  error.reason = model::name(resolved.reason);
  return fail(std::move(error));
}

Error unsid_required() {
  return {Code::subscription_id_required,
          "with an app-only token the header X-UNS-ID says who is meant; it is missing"};
}

// What became of the subscription whose feed an app server reaches.
asio::awaitable<Result<feed::Resolved>> resolve(Call& call, std::optional<feed::Unsid> unsid) {
  if (!unsid) co_return fail(unsid_required());
  auto resolved = co_await call.services.subscriptions.resolve(*unsid);
  resolved.feed = unsid->feed;
  if (resolved.state == feed::Resolved::State::replaced) call.headers.set("X-UNS-ID", resolved.replacement);
  co_return resolved;
}

// The feed an app-only call by id concerns.
asio::awaitable<Result<FeedKey>> application_feed(Call& call, bool recall = false) {
  HG_CO_TRY(const auto unsid, named_unsid(call));
  HG_CO_TRY(const auto resolved, co_await resolve(call, unsid));
  const bool recent = recall && call.now < resolved.ended_at + kRecall;
  if (resolved.state == feed::Resolved::State::ended && !recent) co_return ended(resolved);
  co_return resolved.feed;
}

// {id} of the path; nothing that is no GUID exists.
Result<NotificationId> id_of(const Call& call) {
  if (const auto id = NotificationId::parse(call.param("id"))) return *id;
  return fail(no_such_notification());
}

// A fallback e-mail comes only from domains that the operator lists. `path`: where in the body the notification is.
Result<void> check_sender(const Call& call, std::string_view policies, const AppId& app, const std::string& path) {
  if (policies.empty()) return {};
  const json::value given = json::parse(policies);
  std::error_code absent;
  const json::value* from = given.find_pointer("/fallbackPolicy/transportFallback/emailContent/fromAddress", absent);
  if (from == nullptr || !from->is_string()) return {};
  const std::string_view address = from->as_string();
  const std::string domain = lower(address.substr(address.rfind('@') + 1));
  const auto directory = call.services.registry.directory();
  const auto* found = directory->cross_device_app(app);
  if (found != nullptr && std::ranges::find(found->sender_domains, domain) != found->sender_domains.end()) return {};
  return fail(Code::property_invalid,
              "fromAddress is of " + domain + ", which the operator does not list for this cross-device app",
              path + "/fallbackPolicy/transportFallback/emailContent/fromAddress");
}

// Whom a post is for: the user and feed, checked against X-UNS-ID.
Result<FeedKey> post_feed(const Call& call, const model::Post& post, const std::optional<feed::Unsid>& unsid) {
  const auto directory = call.services.registry.directory();
  const auto* app = directory->cross_device_app(std::string_view(post.target_host_name));
  if (unsid && (app == nullptr || app->id != unsid->feed.app))
    return fail(
        Code::property_invalid,
        "targetHostName is " + post.target_host_name + ", X-UNS-ID is of " + host_name_of(call, unsid->feed.app),
        post.path + "/targetHostName");
  if (app == nullptr || !reaches(call, app->id)) return fail(target_not_allowed());
  return FeedKey{unsid ? unsid->feed.user : call.principal.user, app->id};
}

Result<std::optional<model::IdempotencyKey>> idempotency_key(const Call& call, const std::string& fingerprint) {
  const auto header = call.request.headers.find("Idempotency-Key");
  if (!header || header->empty()) return std::nullopt;
  if (!valid_utf8(*header) || code_points(*header) > kMaxIdempotencyKey)
    return fail(Code::property_invalid,
                "Idempotency-Key has more than " + std::to_string(kMaxIdempotencyKey) + " characters");
  return model::IdempotencyKey{call.principal.application, std::string(*header), fingerprint};
}

std::string fingerprint_of(std::string_view body) {
  return std::string(as_text(crypto::sha256("POST /me/notifications\n" + std::string(body))));
}

model::ChangeRequest request_for(const Call& call, const FeedKey& feed) {
  model::ChangeRequest request;
  request.feed = feed;
  request.application = call.principal.application;
  request.now = call.now;
  return request;
}

// Of a user's call by id: the notification with the feed it is in, and the endpoint that makes the change.
struct Found {
  feed::Found found;
  std::optional<model::Subscription> endpoint;
};
asio::awaitable<Result<Found>> find(Call& call) {
  HG_CO_TRY(auto endpoint, co_await named_endpoint(call));
  HG_CO_TRY(const auto id, id_of(call));
  auto found = co_await call.services.reader.find(call.principal.user, apps_of(call), id);
  if (!found) co_return fail(no_such_notification());
  co_return Found{std::move(*found), std::move(endpoint)};
}

asio::awaitable<Result<net::Response>> apply(Call& call, model::ChangeRequest request) {
  HG_CO_CHECK(apply_if_match(call, request));
  const FeedKey feed = request.feed;
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, feed, changed);
  if (changed.notifications.empty() || changed.notifications.front().deleted()) co_return no_content();
  co_return as_preferred(call, co_await users_entity(call, 200, feed, changed.notifications.front()));
}

asio::awaitable<Result<net::Response>> change_state(Call& call) {
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(const auto patch, model::parse_state_patch(body, call.now));
  HG_CO_TRY(const auto target, co_await find(call));
  auto request = request_for(call, target.found.feed);
  if (target.endpoint && target.endpoint->feed == request.feed) request.maker = target.endpoint->id;
  request.what = model::StateRequest{target.found.notification.id, patch, handled_by(target.endpoint, call.now)};
  co_return co_await apply(call, std::move(request));
}

asio::awaitable<Result<net::Response>> change_content(Call& call) {
  HG_CO_TRY(const auto feed, co_await application_feed(call));
  HG_CO_TRY(const auto id, id_of(call));
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(auto patch, model::parse_content_patch(body, call.now));
  if (patch.policies) HG_CO_CHECK(check_sender(call, *patch.policies, feed.app, ""));
  auto request = request_for(call, feed);
  request.what = model::EditRequest{id, std::move(patch)};
  co_return co_await apply(call, std::move(request));
}

// The subscription is looked at in the post's own transaction; what became of it is asked only where it is not active.
asio::awaitable<Result<model::Changed>> apply_through(Call& call, std::optional<feed::Unsid> unsid,
                                                      model::ChangeRequest request) {
  if (!unsid) co_return co_await call.services.writer.apply(std::move(request));
  auto& through = std::get<model::PostRequest>(request.what).through;
  through = unsid->subscription;
  auto changed = co_await call.services.writer.apply(request);
  if (changed || changed.error().code != Code::subscription_ended) co_return changed;
  HG_CO_TRY(const auto resolved, co_await resolve(call, unsid));
  if (resolved.state == feed::Resolved::State::ended) co_return ended(resolved);
  through = resolved.subscription;
  co_return co_await call.services.writer.apply(std::move(request));
}

}  // namespace

net::Response entity(const Call& call, int status, const FeedKey& feed, const model::Notification& notification,
                     std::string_view context) {
  const std::string etag = entity_etag(call.services.tokens.etag(feed, notification.version));
  const std::string host = host_name_of(call, feed.app);
  auto response =
      json_response(status, notification_json(notification, {.host_name = host, .etag = etag, .context = context}));
  response.headers.set("ETag", etag);
  return response;
}

net::Response as_preferred(const Call& call, net::Response entity) {
  if (!parse_prefer(call.request.headers).minimal) return entity;
  auto minimal = no_content();
  minimal.headers.set("ETag", *entity.headers.find("ETag"));
  minimal.headers.set("Preference-Applied", "return=minimal");
  return minimal;
}

Answer post(Call& call) {
  HG_CO_TRY(const auto unsid, named_unsid(call));
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(auto post, model::parse_post(body, call.now));
  if (!unsid && call.principal.app_only) co_return fail(unsid_required());
  HG_CO_TRY(const auto feed, post_feed(call, post, unsid));
  HG_CO_CHECK(check_sender(call, post.content.policies, feed.app, post.path));

  auto request = request_for(call, feed);
  const std::string fingerprint = fingerprint_of(call.request.body);
  HG_CO_TRY(request.idempotency, idempotency_key(call, fingerprint));
  if (unsid && !call.principal.app_only) request.maker = unsid->subscription;
  request.what = model::PostRequest{.id = call.services.tokens.notification_id(feed, post.content.app_notification_id),
                                    .content = std::move(post.content),
                                    .request_id = call.client_request_id,
                                    .fingerprint = fingerprint,
                                    .retry = call.request.headers.find("Retry-Attempt").has_value()};
  HG_CO_TRY(const auto changed, co_await apply_through(call, unsid, std::move(request)));

  const model::Notification& notification = changed.notifications.front();
  add_change_headers(call, feed, changed);
  auto response = co_await users_entity(call, 201, feed, notification);
  response.headers.set("Location",
                       call.base + "/" + std::string(call.version) + "/me/notifications/" + notification.id.str());
  response.headers.set("X-Heliograph-Endpoints", std::to_string(changed.endpoints));
  if (changed.replayed) response.headers.set("Idempotent-Replayed", "true");
  co_return response;
}

asio::awaitable<Result<feed::Found>> shown(Call& call) {
  if (!call.principal.app_only) {
    HG_CO_TRY(auto target, co_await find(call));
    co_return std::move(target.found);
  }
  HG_CO_TRY(const auto feed, co_await application_feed(call));
  HG_CO_TRY(const auto id, id_of(call));
  auto found = co_await call.services.reader.find(feed.user, {feed.app}, id);
  if (!found) co_return fail(no_such_notification());
  co_return *std::move(found);
}

Answer show(Call& call) {
  if (call.principal.app_only) {
    HG_CO_TRY(const auto found, co_await shown(call));
    co_return co_await users_entity(call, 200, found.feed, found.notification);
  }
  HG_CO_TRY(const auto target, co_await find(call));
  const auto& [feed, notification] = target.found;
  if (target.endpoint && target.endpoint->feed == feed)
    co_await call.services.subscriptions.fetched(*target.endpoint, notification);
  co_return co_await users_entity(call, 200, feed, notification);
}

Answer change(Call& call) { return call.principal.app_only ? change_content(call) : change_state(call); }

Answer remove(Call& call) {
  model::ChangeRequest request;
  if (call.principal.app_only) {
    HG_CO_TRY(const auto feed, co_await application_feed(call, true));
    request = request_for(call, feed);
  } else {
    HG_CO_TRY(const auto endpoint, co_await named_endpoint(call));
    HG_CO_TRY(const auto id, id_of(call));
    const auto feed = co_await call.services.reader.feed_of(call.principal.user, apps_of(call), id);
    if (!feed) co_return fail(no_such_notification());
    request = request_for(call, *feed);
    if (endpoint && endpoint->feed == *feed) request.maker = endpoint->id;
  }
  HG_CO_TRY(const auto id, id_of(call));
  request.what = model::DeleteRequest{id};
  co_return co_await apply(call, std::move(request));
}

}  // namespace hg::api::notifications
