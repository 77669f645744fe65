// The admin API's webhooks: where app servers are told of ended subscriptions. Added once whoever answers there agrees.
#include "api/admin.h"
#include "api/admin_fields.h"
#include "delivery/webhook.h"
#include "net/reach.h"

namespace hg::api::admin {
namespace {

constexpr std::size_t kLongestUrl = 1024;

void write_webhook(JsonWriter& out, const store::Webhook& webhook, const std::string& secret = {}) {
  out.object()
      .field("id", webhook.id)
      .field("url", webhook.url)
      .field("state", webhook.failing_since ? "failing" : "ok")
      .field("reason", or_null(webhook.failure))
      .field("failingSinceDateTime", webhook.failing_since)
      .field("waiting", webhook.waiting)
      .field("createdDateTime", webhook.created_at);
  if (!secret.empty()) out.field("secret", secret);
  out.end();
}

// What is no GUID is none of the app's.
Guid path_webhook(const Call& call) { return Guid::parse(path_text(call, "id")).value_or(Guid{}); }

Result<void> check_url(const Call& call, const std::string& url) {
  if (url.size() > kLongestUrl)
    return fail(Code::property_invalid, "the URL of a webhook has 1024 characters at the most", "/url");
  auto judged = net::outbound_url("the URL of the webhook", url, call.services.settings.push.loopback);
  if (judged) return {};
  judged.error().target = "/url";
  return fail(judged.error());
}

}  // namespace

Answer list_webhooks(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  const auto all = co_await call.services.registry.webhooks(app);
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& one : all) write_webhook(out, one);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer add_webhook(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string url = fields.required("url");
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(check_url(call, url));
  HG_CO_CHECK(co_await delivery::challenge_webhook(call.services.ask_webhook, url));
  HG_CO_TRY(const auto made, co_await call.services.registry.add_webhook(co_await actor(call), app, url));
  std::string text;
  JsonWriter out(text);
  write_webhook(out, made.webhook, made.secret);
  co_return json_response(201, std::move(text));
}

Answer remove_webhook(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  HG_CO_CHECK(co_await call.services.registry.remove_webhook(co_await actor(call), app, path_webhook(call)));
  co_return no_content();
}

Answer test_webhook(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  HG_CO_TRY(const auto webhook, co_await call.services.registry.webhook(app, path_webhook(call)));
  const auto key = call.services.registry.key_for(identity::kWebhookSecrets);
  const auto taken = co_await delivery::test_webhook(call.services.ask_webhook, webhook, key, call.now);
  std::string text;
  JsonWriter(text).object().field("state", taken.taken ? "ok" : "failing").field("reason", or_null(taken.reason)).end();
  co_return json_response(200, std::move(text));
}

}  // namespace hg::api::admin
