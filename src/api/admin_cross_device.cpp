// The admin API's cross-device apps: members, platform app ids, sender domains.
#include "api/admin.h"
#include "api/admin_fields.h"
#include "identity/host_proof.h"

namespace hg::api::admin {
namespace {

constexpr std::string_view kPlatforms[] = {"windows_universal", "windows_win32", "android", "ios", "web"};

void write_app(JsonWriter& out, const identity::Directory& directory, const identity::CrossDeviceApp& app) {
  out.object().field("id", app.id).field("hostName", app.host_name).key("members").array();
  for (const ApplicationId& member : app.members) {
    const auto* application = directory.application(member);
    out.object()
        .field("clientId", member)
        .field("displayName", application == nullptr ? std::string_view() : std::string_view(application->name))
        .end();
  }
  out.end().key("platformAppIds").object();
  for (const std::string_view platform : kPlatforms) {
    out.key(platform);
    write_texts(out, app.platform_ids, platform);
  }
  out.end().key("senderDomains");
  write_texts(out, app.sender_domains);
  out.field("vapidPublicKey", app.vapid_public_key)
      .field("allowUnverified", app.allow_unverified)
      .field("verified", app.verified)
      .field("verifiedDateTime", app.verified_at)
      .field("createdDateTime", app.created_at)
      .end();
}

Result<net::Response> app_response(const Call& call, int status, const AppId& id) {
  const auto directory = call.services.registry.directory();
  const auto* app = directory->cross_device_app(id);
  if (app == nullptr) return fail(Code::not_found, "the cross-device app is gone");
  std::string body;
  JsonWriter out(body);
  write_app(out, *directory, *app);
  return json_response(status, std::move(body));
}

// What the operator of the host has to do, and, where it was just asked, what was found.
Result<net::Response> verification_response(const Call& call, const AppId& id, const HostProof* proof) {
  const auto directory = call.services.registry.directory();
  const auto* app = directory->cross_device_app(id);
  if (app == nullptr) return fail(Code::not_found, "the cross-device app is gone");
  const std::string value = call.services.registry.host_proof(id);
  std::string body;
  JsonWriter out(body);
  out.object()
      .field("verified", app->verified)
      .field("verifiedDateTime", app->verified_at)
      .field("file", fmt::format("https://{}/{}", app->host_name, identity::kHostFile))
      .key("fileContent")
      .array();
  for (const ApplicationId& member : app->members)
    out.object().field("platform", "heliograph").field("application", member).end();
  out.end().field("txtName", app->host_name).field("txtValue", fmt::format("{}{}", identity::kTxtName, value));
  if (proof != nullptr)
    out.field("fileReason", or_null(proof->file_reason)).field("txtReason", or_null(proof->dns_reason));
  out.end();
  return json_response(200, std::move(body));
}

}  // namespace

Answer list_cross_device_apps(Call& call) {
  const auto directory = call.services.registry.directory();
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& [id, app] : directory->cross_device_apps()) write_app(out, *directory, app);
  out.end().end();
  co_return json_response(200, std::move(body));
}

Answer add_cross_device_app(Call& call) {
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string host = fields.required("hostName");
  const auto names = fields.texts("members").value_or(std::vector<std::string>{});
  const bool allow = fields.flag("allowUnverified").value_or(false);
  HG_CO_CHECK(fields.done());
  std::vector<ApplicationId> members;
  for (const std::string& name : names) {
    HG_CO_TRY(const auto member, application_named(call, name));
    members.push_back(member);
  }
  HG_CO_TRY(const auto id, co_await call.services.registry.add_cross_device_app(co_await actor(call), host,
                                                                                std::move(members), allow));
  co_return app_response(call, 201, id);
}

Answer show_cross_device_app(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  co_return app_response(call, 200, id);
}

Answer change_cross_device_app(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const auto allow = fields.flag("allowUnverified");
  HG_CO_CHECK(fields.done());
  if (allow) HG_CO_CHECK(co_await call.services.registry.allow_unverified(co_await actor(call), id, *allow));
  co_return app_response(call, 200, id);
}

Answer show_verification(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  co_return verification_response(call, id, nullptr);
}

Answer verify_host(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  if (!call.services.prove_host)
    co_return fail(Code::unavailable, "hosts are asked by the server; it does not run on this directory");
  HG_CO_TRY(const auto proof, co_await call.services.prove_host(co_await actor(call), id));
  co_return verification_response(call, id, &proof);
}

Answer remove_cross_device_app(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_CHECK(co_await call.services.registry.remove_cross_device_app(co_await actor(call), id));
  co_return no_content();
}

Answer add_member(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string name = fields.required("clientId");
  HG_CO_CHECK(fields.done());
  HG_CO_TRY(const auto member, application_named(call, name));
  HG_CO_CHECK(co_await call.services.registry.add_member(co_await actor(call), id, member));
  co_return app_response(call, 200, id);
}

Answer remove_member(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_TRY(const auto member, application_named(call, path_text(call, "clientId")));
  HG_CO_CHECK(co_await call.services.registry.remove_member(co_await actor(call), id, member));
  co_return no_content();
}

Answer add_platform_app_id(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string platform = fields.required("platform");
  const std::string app_id = fields.required("appId");
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(co_await call.services.registry.add_platform_id(co_await actor(call), id, platform, app_id));
  co_return app_response(call, 200, id);
}

Answer remove_platform_app_id(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  const std::string* platform = call.option("platform");
  const std::string* app_id = call.option("appId");
  if (platform == nullptr || app_id == nullptr)
    co_return fail(Code::invalid_query_option,
                   "name it by ?platform= and &appId=", platform == nullptr ? "platform" : "appId");
  HG_CO_CHECK(co_await call.services.registry.remove_platform_id(co_await actor(call), id, *platform, *app_id));
  co_return no_content();
}

Answer add_sender_domain(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string domain = fields.required("domain");
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(co_await call.services.registry.add_sender_domain(co_await actor(call), id, lower(domain)));
  co_return app_response(call, 200, id);
}

Answer remove_sender_domain(Call& call) {
  HG_CO_TRY(const auto id, path_app(call));
  HG_CO_CHECK(
      co_await call.services.registry.remove_sender_domain(co_await actor(call), id, lower(path_text(call, "domain"))));
  co_return no_content();
}

}  // namespace hg::api::admin
