// The admin API's push credentials: added and removed, their secrets never shown.
#include "api/admin.h"
#include "api/admin_fields.h"

namespace hg::api::admin {
namespace {

using identity::PushCredential;

void write_credential(JsonWriter& out, const store::Credential& credential) {
  out.object().field("id", credential.id).field("platform", model::name(credential.platform)).key("appIds");
  write_texts(out, credential.app_ids);
  for (const auto& [name, value] : credential.facts) out.field(name, value);
  out.field("state", credential.broken_at ? "broken" : "ok")
      .field("reason", or_null(credential.broken_reason))
      .field("brokenSinceDateTime", credential.broken_at)
      .field("createdDateTime", credential.created_at)
      .end();
}

Result<PushCredential> read_apns(Fields& fields, Time now) {
  if (const auto certificate = fields.text("certificate")) {
    const identity::ApnsCertificateGiven given{*certificate, fields.text("environment").value_or("both")};
    HG_CHECK(fields.done());
    return identity::read_credential(given, now);
  }
  identity::ApnsGiven given;
  given.key = fields.required("key");
  given.key_id = fields.required("keyId");
  given.team_id = fields.required("teamId");
  given.environment = fields.text("environment").value_or("both");
  HG_CHECK(fields.done());
  return identity::read_credential(given);
}

Result<PushCredential> read_fcm(Fields& fields) {
  const json::object* account = fields.object("serviceAccount");
  HG_CHECK(fields.done());
  if (account == nullptr)
    return fail(Code::property_missing, "serviceAccount, the JSON of the key's file, is missing", "/serviceAccount");
  return identity::read_credential(*account);
}

Result<PushCredential> read_wns(Fields& fields) {
  identity::WnsGiven given;
  given.tenant = fields.text("tenantId").value_or("");
  given.client_id = fields.required(given.tenant.empty() ? "packageSid" : "clientId");
  given.client_secret = fields.required("clientSecret");
  HG_CHECK(fields.done());
  return identity::read_credential(given);
}

Result<PushCredential> read_webpush(Fields& fields) {
  const identity::WebPushGiven given{fields.required("subject")};
  HG_CHECK(fields.done());
  return identity::read_credential(given);
}

Result<PushCredential> read(const json::object& body, Time now) {
  Fields fields(body);
  const std::string platform = fields.required("platform");
  auto app_ids = fields.texts("appIds").value_or(std::vector<std::string>{});
  Result<PushCredential> credential =
      fail(Code::property_invalid, "platform is \"" + platform + "\"; it is apns, fcm, wns or webpush", "/platform");
  if (platform == "apns") credential = read_apns(fields, now);
  if (platform == "fcm") credential = read_fcm(fields);
  if (platform == "wns") credential = read_wns(fields);
  if (platform == "webpush") credential = read_webpush(fields);
  if (credential) credential->app_ids = std::move(app_ids);
  return credential;
}

}  // namespace

Answer list_credentials(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  const auto all = co_await call.services.registry.credentials(app);
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& one : all) write_credential(out, one);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer add_credential(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  HG_CO_TRY(auto credential, read(body, call.now));
  HG_CO_TRY(const auto made,
            co_await call.services.registry.add_credential(co_await actor(call), app, std::move(credential)));
  std::string text;
  JsonWriter out(text);
  write_credential(out, made);
  co_return json_response(201, std::move(text));
}

Answer remove_credential(Call& call) {
  HG_CO_TRY(const auto app, path_app(call));
  const auto id = Guid::parse(path_text(call, "id"));
  if (!id) co_return fail(Code::not_found, "the cross-device app has no such credentials");
  HG_CO_CHECK(co_await call.services.registry.remove_credential(co_await actor(call), app, *id));
  co_return no_content();
}

// What the platform says is written down, as when something is pushed.
Answer test_credential(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  const auto named = Guid::parse(path_text(call, "id")).value_or(Guid{});
  HG_CO_TRY(const auto credential, co_await call.services.registry.credential(id, named));
  const auto app =
      co_await call.services.database.read([&](store::Connection& tx) { return store::cross_device::find(tx, id); });
  if (!app) co_return fail(Code::not_found, "the cross-device app is gone");
  const auto probed = co_await call.services.probe(credential, *app);
  if (probed.state != delivery::Probed::State::unknown) {
    const bool refused = probed.state == delivery::Probed::State::refused;
    co_await call.services.database.transact([&](store::Connection& tx) {
      store::credentials::mark(tx, credential.id, refused ? std::optional(call.now) : std::nullopt, probed.reason);
    });
  }
  std::string text;
  JsonWriter(text)
      .object()
      .field("state", delivery::name(probed.state))
      .field("reason", or_null(probed.reason))
      .field("advice", or_null(probed.advice))
      .end();
  co_return json_response(200, std::move(text));
}

}  // namespace hg::api::admin
