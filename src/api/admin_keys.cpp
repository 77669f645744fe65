// The admin API's keys: what applications sign with, their names at other issuers, and what signs our tokens.
#include <fmt/format.h>

#include "api/admin.h"
#include "api/admin_application.h"
#include "api/admin_fields.h"

namespace hg::api::admin {

namespace {

constexpr std::string_view state_of(store::SigningKey::State state) {
  using enum store::SigningKey::State;
  return state == next ? "next" : state == current ? "current" : "retired";
}

Result<net::Response> signing_keys_response(const std::vector<store::SigningKey>& keys) {
  std::string body;
  JsonWriter out(body);
  out.object().key("value").array();
  for (const auto& key : keys)
    out.object()
        .field("kid", key.kid)
        .field("algorithm", key.algorithm)
        .field("state", state_of(key.state))
        .field("createdDateTime", key.created_at)
        .field("activatedDateTime", key.activated_at)
        .field("retiredDateTime", key.retired_at)
        .end();
  out.end().end();
  return json_response(200, std::move(body));
}

// What the body names, RS256 or ES256; nullopt where it names none.
Result<std::optional<crypto::Alg>> algorithm(const Call& call) {
  HG_TRY(const auto body, body_object(call));
  Fields fields(body);
  const auto text = fields.text("algorithm");
  HG_CHECK(fields.done());
  if (!text) return std::nullopt;
  const auto known = crypto::parse_alg(*text);
  if (!known || *known == crypto::Alg::ps256)
    return fail(Code::property_invalid, "algorithm is RS256 or ES256", "/algorithm");
  return known;
}

}  // namespace

void write_certificate(JsonWriter& out, const store::ApplicationKey& key) {
  const bool certificate = key.kind == store::ApplicationKey::Kind::certificate;
  out.object()
      .field("id", key.id)
      .field("kind", certificate ? "certificate" : "jwk")
      .field("displayName", or_null(key.name))
      .field("thumbprint", base64url(as_bytes(key.thumbprint)))
      .field("createdDateTime", key.created_at)
      .field("expirationDateTime", key.expires_at)
      .end();
}

Answer add_certificate(Call& call) {
  using Kind = store::ApplicationKey::Kind;
  HG_CO_TRY(const auto id, application_named(call, path_text(call, "application")));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const auto certificate = fields.text("certificate");
  const auto* jwk = fields.object("jwk");
  const std::string name = fields.text("displayName").value_or("");
  HG_CO_CHECK(fields.done());
  if (certificate.has_value() == (jwk != nullptr))
    co_return fail(Code::property_missing, "send a certificate in PEM, or a jwk", "/certificate");
  const std::string material = certificate ? *certificate : json::serialize(*jwk);
  HG_CO_TRY(const auto added,
            co_await call.services.registry.add_key(co_await actor(call), id,
                                                    certificate ? Kind::certificate : Kind::jwk, material, name));
  std::string text;
  JsonWriter out(text);
  write_certificate(out, added);
  co_return json_response(201, std::move(text));
}

Answer remove_certificate(Call& call) {
  HG_CO_TRY(const auto id, application_named(call, path_text(call, "application")));
  const auto key = Guid::parse(call.param("id"));
  if (!key) co_return fail(Code::not_found, "no such certificate or key");
  HG_CO_CHECK(co_await call.services.registry.remove_key(co_await actor(call), id, *key));
  co_return no_content();
}

Answer add_external_identity(Call& call) {
  HG_CO_TRY(const auto id, application_named(call, path_text(call, "application")));
  HG_CO_TRY(const auto body, body_object(call));
  Fields fields(body);
  const std::string issuer = fields.required("issuer");
  const std::string client = fields.required("clientId");
  HG_CO_CHECK(fields.done());
  HG_CO_CHECK(co_await call.services.registry.add_external_identity(co_await actor(call), id, issuer, client));
  co_return application_response(call, 200, id);
}

Answer remove_external_identity(Call& call) {
  HG_CO_TRY(const auto id, application_named(call, path_text(call, "application")));
  const std::string* issuer = call.option("issuer");
  const std::string* client = call.option("clientId");
  if (issuer == nullptr || client == nullptr)
    co_return fail(Code::invalid_query_option,
                   "name it by ?issuer= and &clientId=", issuer == nullptr ? "issuer" : "clientId");
  HG_CO_CHECK(co_await call.services.registry.remove_external_identity(co_await actor(call), id, *issuer, *client));
  co_return no_content();
}

Answer list_signing_keys(Call& call) {
  co_return signing_keys_response(co_await call.services.registry.signing_keys());
}

Answer prepare_signing_key(Call& call) {
  HG_CO_TRY(const auto wanted, algorithm(call));
  const auto usual = call.services.registry.directory()->signing_key().alg();
  HG_CO_CHECK(co_await call.services.registry.prepare_key(co_await actor(call), wanted.value_or(usual)));
  co_return signing_keys_response(co_await call.services.registry.signing_keys());
}

Answer rotate_signing_keys(Call& call) {
  HG_CO_TRY(const auto wanted, algorithm(call));
  HG_CO_CHECK(co_await call.services.registry.rotate_keys(co_await actor(call), wanted));
  co_return signing_keys_response(co_await call.services.registry.signing_keys());
}

}  // namespace hg::api::admin
