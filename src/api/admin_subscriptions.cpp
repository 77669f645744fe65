// The admin API's subscriptions and tokens: acting for a user or an application, and what was done.
#include <charconv>

#include "api/admin.h"
#include "api/admin_fields.h"
#include "identity/resources.h"

namespace hg::api::admin {
namespace {

using identity::Scope;

void write_subscription(JsonWriter& out, const Call& call, const model::Subscription& subscription) {
  const auto directory = call.services.registry.directory();
  const auto* app = directory->cross_device_app(subscription.feed.app);
  const auto platform = model::name(subscription.counts_as);
  out.object()
      .field("id", subscription.id)
      .field("crossDevice", app == nullptr ? std::string_view() : std::string_view(app->host_name))
      .field("deviceId", subscription.device_id)
      .field("deviceName", subscription.device_name)
      .field("platform", platform.empty() ? std::nullopt : std::optional(platform))
      .field("channel", model::name(subscription.channel.kind))
      .field("createdDateTime", subscription.created_at)
      .field("renewedDateTime", subscription.renewed_at)
      .field("expirationDateTime", subscription.expires_at);
  // Whoever holds it can post to the user: not for those who may only look.
  if (call.principal.local_administrator || call.principal.scopes.has(Scope::admin))
    out.field("userNotificationSubscriptionId", call.services.subscriptions.unsid(subscription));
}

std::optional<std::string> option_text(const Call& call, std::string_view name) {
  const std::string* found = call.option(name);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

// An application to act as: one that is not blocked, confidential where there is such.
Result<ApplicationId> first_member(const Call& call, const AppId& id) {
  const auto directory = call.services.registry.directory();
  const auto* app = directory->cross_device_app(id);
  const identity::Application* chosen = nullptr;
  for (const ApplicationId& member : app->members) {
    const auto* application = directory->application(member);
    if (application == nullptr || application->blocked) continue;
    if (chosen == nullptr || (application->confidential && !chosen->confidential)) chosen = application;
  }
  if (chosen == nullptr)
    return fail(Code::not_found, "no application belongs to " + app->host_name + "; add one as a member");
  return chosen->id;
}

asio::awaitable<Result<model::Subscription>> named_subscription(Call& call) {
  const std::string name = path_text(call, "id");
  std::optional<model::Subscription> found;
  if (const auto unsid = call.services.tokens.parse_unsid(name)) {
    found = co_await call.services.subscriptions.find(unsid->feed, unsid->subscription);
  } else if (const auto id = SubscriptionId::parse(name); id && call.option("user") != nullptr) {
    HG_CO_TRY(const auto user, co_await user_named(call, *call.option("user")));
    std::vector<AppId> apps;
    const auto directory = call.services.registry.directory();
    for (const auto& [app, unused] : directory->cross_device_apps()) apps.push_back(app);
    found = co_await call.services.subscriptions.find(user.id, std::move(apps), *id);
  }
  if (!found)
    co_return fail(Code::subscription_not_found, "no such subscription; name it by its UNSID, or by its id and ?user=");
  co_return std::move(*found);
}

}  // namespace

Answer list_subscriptions(Call& call) {
  const auto name = option_text(call, "user");
  if (!name) co_return fail(Code::invalid_query_option, "whose subscriptions? name one by ?user=", "user");
  HG_CO_TRY(const auto user, co_await user_named(call, *name));
  std::vector<AppId> apps;
  if (const auto host = option_text(call, "crossDevice")) {
    HG_CO_TRY(const auto app, app_named(call, host));
    apps.push_back(app);
  } else {
    const auto directory = call.services.registry.directory();
    for (const auto& [app, unused] : directory->cross_device_apps()) apps.push_back(app);
  }
  const auto all = co_await call.services.subscriptions.list(user.id, std::move(apps));
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& subscription : all) {
    write_subscription(out, call, subscription);
    out.end();
  }
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer subscribe(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string name = fields.required("user");
  const auto host = fields.text("crossDevice");
  const std::string device = fields.text("deviceId").value_or("heliograph");
  HG_CO_CHECK(fields.done());
  HG_CO_TRY(const auto user, co_await user_named(call, name));
  HG_CO_TRY(const auto app, app_named(call, host));
  model::Subscription wanted;
  wanted.feed = {user.id, app};
  HG_CO_TRY(wanted.application, first_member(call, app));
  wanted.device_id = device;
  wanted.device_name = device;
  HG_CO_TRY(const auto made, co_await call.services.subscriptions.create_or_renew(std::move(wanted)));
  co_await call.services.registry.note(co_await actor(call), "subscription.add", made.subscription.id.str(), "");
  std::string text;
  JsonWriter out(text);
  write_subscription(out, call, made.subscription);
  out.field("partialSyncToken", made.etag).end();
  co_return json_response(made.renewed ? 200 : 201, std::move(text));
}

Answer end_subscription(Call& call) {
  HG_CO_TRY(const auto subscription, co_await named_subscription(call));
  HG_CO_CHECK(
      co_await call.services.subscriptions.end(subscription.feed, subscription.id, model::EndReason::unsubscribed));
  co_await call.services.registry.note(co_await actor(call), "subscription.end", subscription.id.str(), "");
  co_return no_content();
}

Answer mint_token(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const auto name = fields.text("user");
  const auto client = fields.text("clientId");
  const auto host = fields.text("crossDevice");
  const auto scope = fields.text("scope");
  HG_CO_CHECK(fields.done());

  identity::TokenRequest request;
  request.base = call.base;
  if (client) {
    HG_CO_TRY(request.application, application_named(call, *client));
  } else {
    HG_CO_TRY(const auto app, app_named(call, host));
    HG_CO_TRY(request.application, first_member(call, app));
  }
  const std::string usual = name ? "Notifications.ReadWrite.CreatedByApp" : "api://heliograph/.default";
  auto asked = identity::parse_scopes(scope.value_or(usual), call.base);
  if (!asked) co_return fail(Code::property_invalid, asked.error().description, "/scope");
  if (const auto found = identity::find_resource(*asked, *call.services.registry.directory()); !found)
    co_return fail(Code::property_invalid, found.error().description, "/scope");
  if (asked->for_foreign && !name)
    co_return fail(Code::property_invalid, "another application's API takes tokens of users only", "/scope");
  request.audience = asked->audience;
  request.scope = identity::scope_claim(*asked);
  if (name) {
    HG_CO_TRY(request.user, co_await user_named(call, *name));
    if (!request.user->admin && (asked->scopes.has(Scope::admin) || asked->scopes.has(Scope::read)))
      co_return fail(Code::property_invalid, *name + " is no administrator", "/scope");
  } else {
    request.roles = asked->scopes;
  }
  std::string detail;
  JsonWriter(detail).object().field("clientId", request.application).field("scope", request.scope).end();
  co_await call.services.registry.note(co_await actor(call), "token.mint", name.value_or("application"), detail);

  std::string text;
  JsonWriter(text)
      .object()
      .field("access_token", call.services.issuer.access_token(request))
      .field("token_type", "Bearer")
      .field("expires_in", static_cast<std::int64_t>(identity::kAccessTokenLife / std::chrono::seconds(1)))
      .field("scope", request.scope)
      .end();
  auto response = json_response(200, std::move(text));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Answer list_audit(Call& call) {
  std::size_t top = 100;
  if (const std::string* text = call.option("$top")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), top);
    if (error != std::errc() || end != text->data() + text->size() || top < 1 || top > 1000)
      co_return fail(Code::invalid_query_option, "$top is " + *text + "; 1 to 1000 is right", "$top");
  }
  const auto entries = co_await call.services.registry.audit(top);
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& entry : entries) {
    out.object()
        .field("sequence", entry.seq)
        .field("dateTime", entry.at)
        .field("actor", entry.actor)
        .field("action", entry.action)
        .field("subject", entry.target);
    out.key("details").raw(entry.detail.empty() ? "null" : entry.detail).end();
  }
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer verify_audit(Call& call) {
  const std::string* head = call.option("head");
  if (head != nullptr && !head->empty() && !identity::is_audit_head(*head))
    co_return fail(Code::invalid_query_option, "head is " + *head + "; it is SEQUENCE:HASH, whole, as it was answered",
                   "head");
  const auto verdict = co_await call.services.registry.verify_audit(head == nullptr ? "" : *head);
  std::string body;
  JsonWriter(body)
      .object()
      .field("whole", verdict.reason.empty())
      .field("entries", verdict.entries)
      .field("head", or_null(verdict.head))
      .field("reason", or_null(verdict.reason))
      .end();
  co_return json_response(200, std::move(body));
}

Answer status(Call& call) {
  const std::string tenant = call.services.registry.directory()->tenant().str();
  std::string body;
  JsonWriter(body)
      .object()
      .field("name", "heliograph")
      .field("version", call.services.settings.version)
      .field("tenantId", tenant)
      .field("authority", call.base + "/" + tenant)
      .field("issuer", call.services.issuer.issuer(call.base))
      .field("publicUrl", or_null(call.services.settings.public_url))
      .end();
  co_return json_response(200, std::move(body));
}

}  // namespace hg::api::admin
