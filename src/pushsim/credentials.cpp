#include "pushsim/credentials.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/hash.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kAppleId = 10;  // characters of key and team ids
constexpr std::size_t kPemLine = 64;

// `count` characters of A-Z and 0-9, as Apple names keys and teams.
std::string apple_id() {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  for (const std::byte byte : crypto::random_bytes(kAppleId)) out += letters[std::to_integer<std::size_t>(byte) & 31];
  return out;
}

std::string text_of(const json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
}

// RFC 5915: version 1, then the scalar as an octet string.
std::string scalar_of(const crypto::PrivateKey& key) {
  constexpr std::string_view before("\x02\x01\x01\x04\x20", 5);
  constexpr std::size_t size = 32;
  const Buffer der = key.der();
  const auto at = as_text(der).find(before);
  return base64url(Bytes(der).subspan(at + before.size(), size));
}

App new_app_of(Platform platform) {
  App app{.platform = platform};
  switch (platform) {
    case Platform::apns:
      app.id = apple_id();
      app.team = apple_id();
      app.topics = {"com.example.heliograph"};
      app.key = crypto::PrivateKey::generate(crypto::Alg::es256);
      break;
    case Platform::fcm:
      app.id = "heliograph-" + hex(crypto::random_bytes(3));
      app.key_id = hex(crypto::random_bytes(20));
      app.account = fmt::format("firebase-adminsdk-sim@{}.iam.gserviceaccount.com", app.id);
      app.key = crypto::PrivateKey::generate(crypto::Alg::rs256);
      break;
    case Platform::wns:
      app.id = "ms-app://s-1-15-2-" + std::to_string(1'000'000'000 + std::to_integer<int>(crypto::random_bytes(1)[0])) +
               "-2127623951-2374152487-1735021437-1129184212-1443237456-3325217";
      app.secret = crypto::random_token(24);
      break;
    case Platform::web_push:
      app.subject = "mailto:push@example.com";
      app.key = crypto::PrivateKey::generate(crypto::Alg::es256);
      app.id = base64url(app.key->point());
      break;
    case Platform::email:
      app.id = "heliograph";
      app.secret = crypto::random_token(12);
      break;
  }
  return app;
}

App new_app_sdk_app() {
  App app = new_app_of(Platform::wns);
  app.tenant = crypto::random_guid().str();
  app.id = crypto::random_guid().str();
  return app;
}

App new_certificate_app() {
  App app{.platform = Platform::apns};
  app.topics = {"com.example.heliograph"};
  app.certificate = crypto::make_identity("Apple Push Services: " + app.topics.front());
  app.id = hex(crypto::thumbprint_sha256(app.certificate).value());
  return app;
}

json::object service_account(const App& app, const Addresses& addresses) {
  return {{"type", "service_account"},
          {"project_id", app.id},
          {"private_key_id", app.key_id},
          {"private_key", pem_of(*app.key)},
          {"client_email", app.account},
          {"client_id", "100000000000000000001"},
          {"token_uri", addresses.https + "/token"},
          {"universe_domain", "googleapis.com"}};
}

void add_apns(json::object& out, const App& app) {
  out["topics"] = json::array(app.topics.begin(), app.topics.end());
  out["environment"] = app.environment;
  if (!app.certificate.empty()) {
    out["certificate"] = app.certificate;
  } else {
    out["keyId"] = app.id;
    out["teamId"] = app.team;
    out["privateKey"] = pem_of(*app.key);
  }
}

void add_wns(json::object& out, const App& app, const Addresses& addresses) {
  out["clientSecret"] = app.secret;
  if (app.tenant.empty()) {
    out["packageSid"] = app.id;
    out["tokenUrl"] = addresses.https + "/accesstoken.srf";
  } else {
    out["tenantId"] = app.tenant;
    out["clientId"] = app.id;
    out["tokenUrl"] = addresses.https + "/" + app.tenant + "/oauth2/v2.0/token";
  }
}

Result<void> set(App& app, std::string_view member, const json::value& value) {
  if (member == "platform" || member == "appSdk" || member == "certificate") return {};
  if (member == "topics") {
    if (!value.is_array()) return fail(Code::property_invalid, "\"topics\" must be an array of texts");
    app.topics.clear();
    for (const auto& topic : value.as_array())
      if (topic.is_string()) app.topics.emplace_back(topic.as_string());
    return {};
  }
  if (!value.is_string()) return fail(Code::property_invalid, fmt::format("\"{}\" must be a text", member));
  const std::string text(value.as_string());
  if (member == "id")
    app.id = text;
  else if (member == "teamId")
    app.team = text;
  else if (member == "environment")
    app.environment = text;
  else if (member == "clientSecret" || member == "password")
    app.secret = text;
  else if (member == "tenantId")
    app.tenant = text;
  else
    return fail(Code::property_invalid, fmt::format("\"{}\" is unknown; see docs/pushsim.md", member));
  return {};
}

}  // namespace

std::vector<App> new_apps() {
  std::vector<App> apps;
  for (const Platform platform : {Platform::apns, Platform::fcm, Platform::wns, Platform::web_push, Platform::email})
    apps.push_back(new_app_of(platform));
  apps.insert(apps.begin() + 3, new_app_sdk_app());
  apps.push_back(new_certificate_app());
  return apps;
}

Result<App> new_app(const json::object& wish) {
  const auto platform = parse_platform(text_of(wish, "platform"));
  if (!platform) return fail(Code::property_invalid, "\"platform\" must be apns, fcm, wns, webPush or email");
  const bool by_certificate = *platform == Platform::apns && wish.contains("certificate");
  App app = wish.contains("appSdk") ? new_app_sdk_app()
            : by_certificate        ? new_certificate_app()
                                    : new_app_of(*platform);
  for (const auto& [member, value] : wish) HG_CHECK(set(app, member, value));
  return app;
}

json::object as_json(const App& app, const Addresses& addresses) {
  json::object out{{"platform", name(app.platform)}, {"id", app.id}};
  switch (app.platform) {
    case Platform::apns:
      add_apns(out, app);
      break;
    case Platform::fcm:
      out["serviceAccount"] = service_account(app, addresses);
      break;
    case Platform::wns:
      add_wns(out, app, addresses);
      break;
    case Platform::web_push:
      out["subject"] = app.subject;
      out["publicKey"] = app.id;
      out["privateKey"] = scalar_of(*app.key);
      out["privateKeyPem"] = pem_of(*app.key);
      break;
    case Platform::email:
      out["server"] = addresses.smtp;
      out["user"] = app.id;
      out["password"] = app.secret;
      break;
  }
  return out;
}

Result<App> app_from(const json::object& text) {
  const auto platform = parse_platform(text_of(text, "platform"));
  if (!platform) return fail(Code::property_invalid, "an app of no known platform");
  App app{.platform = *platform, .id = text_of(text, "id")};
  app.team = text_of(text, "teamId");
  app.certificate = text_of(text, "certificate");
  app.environment = text_of(text, "environment");
  app.tenant = text_of(text, "tenantId");
  app.subject = text_of(text, "subject");
  app.secret = text_of(text, *platform == Platform::email ? "password" : "clientSecret");
  if (const auto* topics = text.if_contains("topics"); topics != nullptr && topics->is_array())
    for (const auto& topic : topics->as_array()) app.topics.emplace_back(topic.as_string());
  std::string pem = text_of(text, *platform == Platform::web_push ? "privateKeyPem" : "privateKey");
  if (const auto* account = text.if_contains("serviceAccount"); account != nullptr && account->is_object()) {
    app.key_id = text_of(account->as_object(), "private_key_id");
    app.account = text_of(account->as_object(), "client_email");
    pem = text_of(account->as_object(), "private_key");
  }
  if (!pem.empty()) app.key = crypto::PrivateKey::from_pem(pem);
  const bool keyed = *platform == Platform::apns || *platform == Platform::fcm || *platform == Platform::web_push;
  if (app.id.empty() || (keyed && !app.key && app.certificate.empty()))
    return fail(Code::property_invalid, "an app without id or key");
  return app;
}

std::string pem_of(const crypto::PrivateKey& key) {
  const std::string text = base64(key.der());
  std::string out = "-----BEGIN PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < text.size(); at += kPemLine) out += text.substr(at, kPemLine) + '\n';
  return out + "-----END PRIVATE KEY-----\n";
}

}  // namespace hg::pushsim
