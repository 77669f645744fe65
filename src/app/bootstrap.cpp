#include "app/bootstrap.h"

#include <fmt/format.h>

#include "app/data.h"
#include "app/server.h"
#include "app/store.h"
#include "base/encoding.h"
#include "crypto/certificate.h"
#include "identity/registry.h"
#include "store/database.h"
#include "store/postgres.h"

namespace hg::app {

namespace {

constexpr std::string_view kDemoHost = "demo.heliograph.example";

// Admin calls in this process: the demo is made by the same doors that everybody uses.
class Door {
 public:
  explicit Door(Server& server) : server_(server) {}

  Result<json::value> post(const std::string& path, const json::value& body) {
    net::Request request;
    request.method = "POST";
    request.set_target("/admin/v1" + path);
    request.listener = net::Listener::unix_socket;
    request.headers.add("Host", "localhost");
    request.headers.add("Content-Type", "application/json");
    request.body = json::serialize(body);
    const net::Response response = server_.ask(std::move(request));
    HG_TRY(json::value answer, parse_json(response.body));
    if (response.status >= 300) return fail(Code::internal, std::string(answer.at("error").at("message").as_string()));
    return answer;
  }

 private:
  Server& server_;
};

Result<json::value> add_user(Door& door, const std::string& upn, const std::string& name, bool administrator) {
  return door.post(
      "/users", {{"userPrincipalName", upn}, {"displayName", name}, {"mail", upn}, {"administrator", administrator}});
}

Result<void> add_demo(Door& door, json::object& made) {
  HG_TRY(const json::value service, door.post("/applications", {{"displayName", "Demo app server"},
                                                                {"confidential", true},
                                                                {"exposedScopes", json::array{"access_as_user"}}}));
  const json::array uris = {"http://localhost/callback", "http://127.0.0.1/callback"};
  HG_TRY(const json::value client,
         door.post("/applications",
                   {{"displayName", "Demo app"},
                    {"redirectUris", {{"spa", uris}, {"native", {"http://localhost", "http://127.0.0.1"}}}}}));
  HG_TRY(const json::value app,
         door.post("/crossDeviceApps", {{"hostName", kDemoHost},
                                        {"members", json::array{service.at("clientId"), client.at("clientId")}},
                                        {"allowUnverified", true}}));
  json::array users;
  for (const auto& [upn, name] : {std::pair("alice@example.com", "Alice"), std::pair("bob@example.com", "Bob")}) {
    HG_TRY(const json::value user, add_user(door, upn, name, false));
    users.push_back({{"id", user.at("id")},
                     {"userPrincipalName", user.at("userPrincipalName")},
                     {"password", user.at("password")}});
  }
  made["appService"] = {{"clientId", service.at("clientId")}, {"clientSecret", service.at("clientSecret")}};
  made["clientApp"] = {{"clientId", client.at("clientId")}, {"redirectUris", uris}};
  made["crossDeviceApp"] = {{"hostName", app.at("hostName")}, {"vapidPublicKey", app.at("vapidPublicKey")}};
  made["users"] = users;
  return {};
}

Result<void> write_demo_certificates(const DataFiles& files) {
  const crypto::DemoCertificates certificates = crypto::make_demo_certificates();
  HG_CHECK(write_private(files.tls_authority, as_bytes(certificates.authority_pem)));
  HG_CHECK(write_private(files.tls_certificate, as_bytes(certificates.certificate_pem)));
  return write_private(files.tls_key, as_bytes(certificates.key_pem));
}

// A database server is asked before anything is made, for it may not be there, or hold another deployment.
Result<std::unique_ptr<store::Database>> empty_server(const Config& config, const DataFiles& files, Time now) {
  HG_TRY(auto options, store_of(config, files));
  const std::string where = store::readable_url(options.url);
  HG_TRY(auto database, store::Database::open(std::move(options), now));
  if (database->read_now(founded))
    return fail(
        Code::conflict,
        fmt::format("{} holds a deployment already; another node of it wants no init, but its sealing key", where));
  return database;
}

// Tenant, epoch and keys, in one transaction: a directory is a deployment or it is none.
Result<void> found(const Config& config, const DataFiles& files, bool demo) {
  const Time now = SystemClock().now();
  std::unique_ptr<store::Database> database;
  if (on_server(config)) {
    HG_TRY(database, empty_server(config, files, now));
  }
  HG_CHECK(make_data_directory(files));
  HG_CHECK(make_sealing_key(config, files));
  HG_TRY(const crypto::SealingKey key, read_sealing_key(config, files));
  if (!database) {
    HG_TRY(database, store::Database::open({.path = files.database}, now));
  }
  database->transact_now([&](store::Connection& tx) { identity::Registry::found(tx, key, demo, now); });
  return {};
}

}  // namespace

Result<json::value> initialise(const Config& config, bool demo) {
  const DataFiles files(config.data);
  HG_CHECK(found(config, files, demo));
  if (demo) HG_CHECK(write_demo_certificates(files));
  HG_TRY(const auto server, Server::open(config));
  Door door(*server);
  HG_TRY(const json::value administrator, add_user(door, "admin@example.com", "Administrator", true));
  const std::string base = config.public_url.empty() ? "http://127.0.0.1:8080" : config.public_url;
  const std::string tenant = server->tenant();
  json::object made{
      {"tenantId", tenant}, {"authority", base + "/" + tenant}, {"issuer", base + "/" + tenant + "/v2.0"}};
  made["administrator"] = {{"userPrincipalName", administrator.at("userPrincipalName")},
                           {"password", administrator.at("password")}};
  if (demo) HG_CHECK(add_demo(door, made));
  return json::value(made);
}

}  // namespace hg::app
