// The admin API's applications, their secrets and redirect URIs.
#include "api/admin.h"
#include "api/admin_application.h"
#include "api/admin_fields.h"

namespace hg::api::admin {
namespace {

constexpr std::string_view kKinds[] = {"web", "spa", "native"};

void write_secret(JsonWriter& out, const store::Secret& secret, std::string_view clear = {}) {
  out.object()
      .field("id", secret.id)
      .field("displayName", or_null(secret.name))
      .field("hint", secret.hint)
      .field("createdDateTime", secret.created_at)
      .field("expirationDateTime", secret.expires_at);
  if (!clear.empty()) out.field("clientSecret", clear);
  out.end();
}

void write_identities(JsonWriter& out, const std::vector<std::pair<std::string, std::string>>& identities) {
  out.array();
  for (const auto& [issuer, client_id] : identities)
    out.object().field("issuer", issuer).field("clientId", client_id).end();
  out.end();
}

void write_application(JsonWriter& out, const identity::Directory& directory, const identity::Application& application,
                       std::string_view secret = {}) {
  out.object()
      .field("clientId", application.id)
      .field("displayName", application.name)
      .field("confidential", application.confidential)
      .field("blocked", application.blocked);
  out.key("redirectUris").object();
  for (const std::string_view kind : kKinds) {
    out.key(kind);
    write_texts(out, application.redirect_uris, kind);
  }
  out.end().key("allowedScopes");
  write_texts(out, application.scopes);
  out.field("appIdUri", application.app_id_uri.empty() ? "api://" + application.id.str() : application.app_id_uri);
  out.key("exposedScopes");
  write_texts(out, application.exposed_scopes);
  out.field("allowWithoutPkce", application.pkce_optional).field("trusted", application.trusted);
  out.field("callsPerMinute", application.calls).field("userCallsPerMinute", application.user_calls);
  out.key("secrets").array();
  for (const auto& known : application.secrets) write_secret(out, known);
  out.end().key("certificates").array();
  for (const auto& known : application.keys) write_certificate(out, known);
  out.end().key("externalIdentities");
  write_identities(out, application.external_identities);
  out.key("crossDeviceApps").array();
  for (const AppId& app : application.apps) {
    if (const auto* found = directory.cross_device_app(app)) out.value(found->host_name);
  }
  out.end().field("createdDateTime", application.created_at);
  if (!secret.empty()) out.field("clientSecret", secret);
  out.end();
}

Result<ApplicationId> path_application(const Call& call) {
  return application_named(call, path_text(call, "application"));
}

// {"web": […], "spa": […], "native": […]}
Result<std::vector<std::pair<std::string, std::string>>> redirect_uris(const json::object* given) {
  std::vector<std::pair<std::string, std::string>> uris;
  if (given == nullptr) return uris;
  Fields fields(*given);
  for (const std::string_view kind : kKinds) {
    for (auto& uri : fields.texts(kind).value_or(std::vector<std::string>{}))
      uris.emplace_back(std::string(kind), std::move(uri));
  }
  HG_CHECK(fields.done());
  return uris;
}

}  // namespace

Result<net::Response> application_response(const Call& call, int status, const ApplicationId& id,
                                           std::string_view secret) {
  const auto directory = call.services.registry.directory();
  const auto* application = directory->application(id);
  if (application == nullptr) return fail(Code::not_found, "the application is gone");
  std::string body;
  JsonWriter out(body);
  write_application(out, *directory, *application, secret);
  return json_response(status, std::move(body));
}

Answer list_applications(Call& call) {
  const auto directory = call.services.registry.directory();
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& [id, application] : directory->applications()) write_application(out, *directory, application);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer add_application(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const auto client_id = fields.text("clientId");
  identity::NewApplication application{
      .id = ApplicationId::parse(client_id.value_or("")),
      .name = fields.required("displayName"),
      .confidential = fields.flag("confidential").value_or(false),
      .redirect_uris = {},
      .scopes = fields.texts("allowedScopes").value_or(std::vector<std::string>{}),
      .exposed_scopes = fields.texts("exposedScopes").value_or(std::vector<std::string>{}),
      .app_id_uri = fields.text("appIdUri").value_or(""),
      .trusted = fields.flag("trusted").value_or(false)};
  HG_CO_TRY(application.redirect_uris, redirect_uris(fields.object("redirectUris")));
  HG_CO_CHECK(fields.done());
  if (client_id && !application.id) co_return fail(Code::property_invalid, "clientId is no GUID", "/clientId");
  const bool confidential = application.confidential;
  const identity::Actor who = co_await actor(call);
  HG_CO_TRY(const auto id, co_await call.services.registry.add_application(who, std::move(application)));
  if (!confidential) co_return application_response(call, 201, id);
  HG_CO_TRY(const auto secret, co_await call.services.registry.add_secret(who, id, "", std::nullopt));
  co_return application_response(call, 201, id, secret.clear);
}

Answer show_application(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  co_return application_response(call, 200, id);
}

Answer change_application(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  identity::ApplicationChange change{.name = fields.text("displayName"),
                                     .app_id_uri = fields.text("appIdUri"),
                                     .scopes = fields.texts("allowedScopes"),
                                     .exposed_scopes = fields.texts("exposedScopes"),
                                     .blocked = fields.flag("blocked"),
                                     .pkce_optional = fields.flag("allowWithoutPkce"),
                                     .trusted = fields.flag("trusted"),
                                     .calls = fields.number_or_null("callsPerMinute"),
                                     .user_calls = fields.number_or_null("userCallsPerMinute")};
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(co_await call.services.registry.change_application(co_await actor(call), id, std::move(change)));
  co_return application_response(call, 200, id);
}

Answer remove_application(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  HG_CO_CHECK(co_await call.services.registry.remove_application(co_await actor(call), id));
  co_return no_content();
}

Answer add_secret(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string name = fields.text("displayName").value_or("");
  const auto expires = fields.time("expirationDateTime");
  HG_CO_CHECK(fields.done());
  HG_CO_TRY(const auto added, co_await call.services.registry.add_secret(co_await actor(call), id, name, expires));
  std::string text;
  JsonWriter out(text);
  write_secret(out, added.secret, added.clear);
  co_return json_response(201, std::move(text));
}

Answer remove_secret(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  const auto secret = Guid::parse(call.param("id"));
  if (!secret) co_return fail(Code::not_found, "no such secret");
  HG_CO_CHECK(co_await call.services.registry.remove_secret(co_await actor(call), id, *secret));
  co_return no_content();
}

Answer add_redirect_uri(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string kind = fields.required("kind");
  const std::string uri = fields.required("uri");
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(co_await call.services.registry.add_redirect_uri(co_await actor(call), id, kind, uri));
  co_return application_response(call, 200, id);
}

Answer remove_redirect_uri(Call& call) {
  HG_CO_TRY(const auto id, path_application(call));
  const std::string* kind = call.option("kind");
  const std::string* uri = call.option("uri");
  if (kind == nullptr || uri == nullptr)
    co_return fail(Code::invalid_query_option, "name it by ?kind= and &uri=", kind == nullptr ? "kind" : "uri");
  HG_CO_CHECK(co_await call.services.registry.remove_redirect_uri(co_await actor(call), id, *kind, *uri));
  co_return no_content();
}

}  // namespace hg::api::admin
