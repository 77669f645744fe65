// What a handler is given: the services of the deployment, and one call with who makes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/allowance.h"
#include "api/caller.h"
#include "base/attempts.h"
#include "base/encoding.h"
#include "base/expiring_cache.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/result.h"
#include "bus/bus.h"
#include "delivery/probe.h"
#include "delivery/webhook.h"
#include "feed/hub.h"
#include "feed/reader.h"
#include "feed/subscribe.h"
#include "feed/tokens.h"
#include "feed/writer.h"
#include "identity/bearer.h"
#include "identity/issuer.h"
#include "identity/registry.h"
#include "net/http.h"
#include "net/router.h"
#include "push/platforms.h"
#include "store/database.h"

namespace hg::api {

namespace asio = boost::asio;

class Dispatch;
class Streams;
struct Route;

struct Settings {
  std::string public_url;            // without a slash at its end; "": links name the listener that was asked
  std::vector<std::string> origins;  // the closed set without it: "http://127.0.0.1:8080", "http://localhost:8080", …
  std::vector<std::string> cors_origins;
  bool cors_loopback = false;  // the demo: any origin on loopback
  JsonLimits json = {};
  // The admin API and /metrics are answered on the operators' listener and the Unix socket alone, and nothing else but
  // the health of the server is on that listener.
  bool operators_apart = false;
  bool alone = true;                       // no bus is configured: there are no other nodes to be told
  bool access_log = true;                  // a line at info for each request
  std::size_t unpacked_body = 256 * 1024;  // of a gzip or deflate body, in bytes
  // In progress at once, of which each loop has an equal share; beyond: 503, for more would not be answered in time.
  std::size_t requests = 512;
  Proxies proxies = {};                  // that say whom they pass on
  std::int64_t guesses_an_address = 20;  // wrong passwords before each next one waits; 0: any number
  std::string version;                   // of the program
  push::Addresses push = {};             // where platforms are, and what else may be asked
};

// What a listener is for: net::Request::role.
enum class Door : std::uint8_t { everybody, operators };

// The names of users, which never change; each loop has its own.
class UserNames {
 public:
  explicit UserNames(store::Database& database) : database_(database), names_(65'536) {}
  // "" for one that never was.
  asio::awaitable<std::string> upn(UserId user, Time now);

 private:
  store::Database& database_;
  ExpiringCache<UserId, std::string> names_;
};

// What each loop has for itself.
struct Here {
  feed::Hub& hub;
  identity::Bearer& bearer;
  Streams& streams;
  UserNames& names;
  std::size_t in_progress = 0;  // requests
};

// Whether a cross-device app's host is its own, as it was found just now; a reason is empty where that way has shown
// it.
struct HostProof {
  bool verified = false;
  std::string file_reason = {}, dns_reason = {};
};

struct Services {
  const Settings& settings;
  const Clock& clock;
  store::Database& database;
  bus::Bus& bus;
  identity::Registry& registry;
  identity::Issuer& issuer;
  Attempts& attempts;  // at signing in
  feed::Writer& writer;
  feed::Reader& reader;
  feed::Subscriptions& subscriptions;
  const feed::Tokens& tokens;
  std::vector<Here> loops;  // by Loop::index()
  // Whether pushes could go to a channel, as far as that shows without trying; empty: nobody looks.
  std::function<asio::awaitable<Result<void>>(model::Subscription)> check_channel = {};
  delivery::Asking ask_webhook = {};
  // Whether a push platform takes credentials, asked now.
  std::function<asio::awaitable<delivery::Probed>(store::Credential, store::CrossDeviceApp)> probe = {};
  // How many calls are left to whoever makes one; null: nobody counts.
  Allowance* allowance = nullptr;
  // Whoever shows a token of another issuer that is trusted; empty: none is.
  std::function<asio::awaitable<Result<identity::Principal>>(std::string token)> admit = {};
  // Asks a cross-device app's host for its proof now.
  std::function<asio::awaitable<Result<HostProof>>(identity::Actor, AppId)> prove_host = {};
  // Writes what is counted beyond dispatch.
  std::function<void(metrics::Page&)> measure = {};
};

// One request on its way: made by dispatch, alive until the handler is done.
struct Call {
  net::Request& request;
  const Dispatch& dispatch;  // for the calls that a call is made of
  Services& services;
  Here& here;
  const Route& route;
  net::Params params;
  Form query;
  identity::Principal principal;  // of nobody where the route is open
  Time now;
  std::string base;               // {base} of links
  std::string_view version;       // "beta" or "v1.0", of the Graph API
  std::string request_id;         // made here
  std::string client_request_id;  // the caller's GUID, or ""
  net::Headers headers;           // for the answer, whatever it will be

  [[nodiscard]] std::string_view param(std::string_view name) const { return params.raw(name); }
  // Null where the query does not name it.
  [[nodiscard]] const std::string* option(std::string_view name) const { return find(query, name); }
};

// A refusal is rendered in the route's shape.
using Answer = asio::awaitable<Result<net::Response>>;

// The body as JSON.
Result<json::value> body_json(const Call& call);
// The Content-Type is dispatch's: each API has its own.
net::Response json_response(int status, std::string body);
net::Response no_content();

}  // namespace hg::api
