#include "pushsim/wns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "pushsim/fields.h"
#include "pushsim/settle.h"
#include "pushsim/xml.h"

namespace hg::pushsim::wns {

namespace {

constexpr std::size_t kMostPayload = 5000;
constexpr std::size_t kMostTag = 16;
constexpr auto kTokenLife = std::chrono::seconds(86400);
constexpr std::string_view kEntraPath = "/oauth2/v2.0/token";

// How the two token services differ.
struct Service {
  bool entra = false;
  std::string tenant = {};  // of the path
  [[nodiscard]] std::string_view scope() const {
    return entra ? "https://wns.windows.com/.default" : "notify.windows.com";
  }
};

Service service_of(std::string_view path) {
  if (!path.ends_with(kEntraPath)) return {};
  return {.entra = true, .tenant = std::string(path.substr(1, path.size() - 1 - kEntraPath.size()))};
}

// Entra's own numbers say more than OAuth's words; their tools look for them.
Examined<const App*> check_client(const World& world, const Service& service, const Form& form) {
  const auto* id = find(form, "client_id");
  const auto* secret = find(form, "client_secret");
  if (id == nullptr || secret == nullptr)
    return refuse(400, "invalid_request", "client_id and client_secret are required");
  const App* app = world.app(Platform::wns, *id);
  if (service.entra) {
    if (app == nullptr || app->tenant.empty())
      return refuse(400, "unauthorized_client", "AADSTS700016: no application with the identifier '" + *id + "'");
    if (app->tenant != service.tenant)
      return refuse(400, "invalid_request", "AADSTS90002: the application is of the tenant " + app->tenant);
    if (app->secret != *secret) return refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
    return app;
  }
  if (app == nullptr || !app->tenant.empty())
    return refuse(400, "invalid_client", "client_id must be the package SID of a Store app (ms-app://…)");
  if (app->secret != *secret) return refuse(400, "invalid_client", "client_secret is wrong");
  return app;
}

Examined<const App*> examine_grant(const World& world, const Call& call, const Service& service, Received& received) {
  if (call.request.method != "POST") return refuse(405, "invalid_request", "POST is the method");
  const auto form = token_request(call.request);
  if (!form)
    return refuse(400, "invalid_request", "the body must be a form (application/x-www-form-urlencoded), no name twice");
  if (const auto* id = find(*form, "client_id")) received.endpoint = *id;
  const auto* grant = find(*form, "grant_type");
  if (grant == nullptr || *grant != "client_credentials")
    return refuse(400, "unsupported_grant_type", "grant_type must be client_credentials");
  const auto* scope = find(*form, "scope");
  if (scope == nullptr || *scope != service.scope())
    return refuse(400, "invalid_scope", fmt::format("scope must be {}", service.scope()));
  return check_client(world, service, *form);
}

// Live gives expires_in as a number; Entra's for WNS is a text.
net::Response granted(World& world, const App& app, const Service& service) {
  const std::string token = world.tokens.issue(Platform::wns, app.id, kTokenLife, world.clock.now());
  net::Response response{.status = 200};
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  JsonWriter out(response.body);
  out.object().field("token_type", service.entra ? "Bearer" : "bearer").field("access_token", token);
  if (service.entra) {
    out.field("expires_in", "86399").field("ext_expires_in", "86399");
  } else {
    out.field("expires_in", static_cast<std::int64_t>(kTokenLife.count()));
  }
  out.end();
  return response;
}

std::string_view description(int status) {
  switch (status) {
    case 401:
      return "Invalid token";
    case 403:
      return "Access denied: the channel belongs to another application";
    case 404:
      return "Channel not found";
    case 406:
      return "Throttled";
    case 410:
      return "Revoked channel URL";
    default:
      return "";
  }
}

void add_trace(net::Headers& headers, const Call& call) {
  headers.add("X-WNS-Msg-ID", hex(crypto::random_bytes(8)));
  headers.add("X-WNS-Debug-Trace", "PUSHSIM-" + hex(crypto::random_bytes(4)));
  if (const auto vector = call.request.headers.find("MS-CV")) headers.add("MS-CV", *vector);
}

// Whether the device is there, for senders that want to know.
void add_connection(net::Headers& headers, const Call& call, const Endpoint& channel) {
  if (call.request.headers.find("X-WNS-RequestForStatus") == "true")
    headers.add("X-WNS-DeviceConnectionStatus", channel.online ? "connected" : "disconnected");
}

net::Response refusal(const Refusal& why, const Call& call, const Endpoint* channel) {
  net::Response response{.status = why.status};
  add_trace(response.headers, call);
  if (why.status == 200) {
    if (channel != nullptr) add_connection(response.headers, call, *channel);
    response.headers.add("X-WNS-Status", why.reason);  // dropped, channelthrottled: it will never arrive
    return response;
  }
  const std::string text = !why.reason.empty() ? why.reason : std::string(description(why.status));
  response.headers.add("X-WNS-Error-Description", text.empty() ? why.problem : text);
  if (why.status == 406) response.headers.add("X-WNS-Status", "appthrottled");
  if (why.status == 401) response.headers.add("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  return response;
}

bool alphanumeric(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

// What its HTTP stack does not do, by the page "Push notification service request and response headers".
Examined<> check_framing(const Call& call) {
  const auto& headers = call.request.headers;
  if (call.request.method != "POST") return refuse(405, "", "POST is the method; DELETE is for Windows Phone only");
  if (call.http != 1) return refuse(400, "", "WNS speaks HTTP/1.1 only");
  if (call.door != Door::secure) return refuse(400, "", "channel URIs are https");
  if (headers.find("Transfer-Encoding")) return refuse(400, "", "chunked bodies are not supported");
  if (!headers.find("Content-Length")) return refuse(411, "", "Content-Length is required");
  if (headers.find("Expect")) return refuse(400, "", "Expect: 100-continue is not supported");
  return {};
}

Examined<const App*> check_sender(const World& world, const Call& call) {
  const auto token = bearer_of(call.request);
  if (!token) return refuse(401, "", "no Authorization: Bearer <access token>");
  const auto* holder = world.tokens.find(*token);
  if (holder == nullptr || holder->platform != Platform::wns) return refuse(401, "", "the access token is unknown");
  if (holder->expires <= world.clock.now()) return refuse(401, "", "the access token has expired");
  return world.app(Platform::wns, holder->app);
}

struct Kind {
  std::string_view name, root, content_type;
  bool sdk;  // the Windows App SDK takes it
};

Examined<const Kind*> kind_of(const net::Request& request, const App& app) {
  static constexpr std::array<Kind, 4> kinds{{{"wns/toast", "toast", "text/xml", true},
                                              {"wns/badge", "badge", "text/xml", false},
                                              {"wns/tile", "tile", "text/xml", false},
                                              {"wns/raw", "", "application/octet-stream", true}}};
  const auto type = request.headers.find("X-WNS-Type");
  if (!type) return refuse(400, "", "X-WNS-Type is missing");
  const auto* kind = std::ranges::find(kinds, *type, &Kind::name);
  if (kind == kinds.end()) return refuse(400, "", fmt::format("X-WNS-Type \"{}\" is unknown", *type));
  if (!app.tenant.empty() && !kind->sdk)
    return refuse(400, "", "the Windows App SDK takes toast and raw notifications only");
  const auto content = request.headers.find("Content-Type").value_or("");
  if (!equal_ignoring_case(trim(content.substr(0, content.find(';'))), kind->content_type))
    return refuse(400, "", fmt::format("Content-Type of a {} must be {}", *type, kind->content_type));
  return kind;
}

Examined<> check_options(const net::Request& request, const Kind& kind) {
  const auto in = [&](std::string_view name) { return request.headers.find(name); };
  if (const auto policy = in("X-WNS-Cache-Policy"); policy && *policy != "cache" && *policy != "no-cache")
    return refuse(400, "", "X-WNS-Cache-Policy must be cache or no-cache");
  if (const auto status = in("X-WNS-RequestForStatus"); status && *status != "true" && *status != "false")
    return refuse(400, "", "X-WNS-RequestForStatus must be true or false");
  if (const auto ttl = in("X-WNS-TTL"); ttl && digits(*ttl).value_or(0) < 1)
    return refuse(400, "", "X-WNS-TTL must be a number of seconds above 0");
  for (const std::string_view name : {"X-WNS-Tag", "X-WNS-Group"})
    if (const auto tag = in(name); tag && (tag->empty() || tag->size() > kMostTag || !alphanumeric(*tag)))
      return refuse(400, "", fmt::format("{} must be 1 to 16 letters and digits", name));
  if (in("X-WNS-Match")) return refuse(400, "", "X-WNS-Match is for DELETE, and for Windows Phone only");
  if (request.body.size() > kMostPayload)
    return refuse(413, "", fmt::format("the payload has {} bytes, {} may be", request.body.size(), kMostPayload));
  if (request.body.empty()) return refuse(400, "", "the payload is empty");
  if (kind.root.empty()) return {};
  const auto document = read_xml(request.body);
  if (!document) return refuse(400, "", "the payload is no XML: " + document.error().message);
  if (document->root != kind.root)
    return refuse(400, "", fmt::format("the payload's root must be <{}>, it is <{}>", kind.root, document->root));
  return {};
}

Examined<> check_channel(const Endpoint* channel, const App& app) {
  if (channel == nullptr) return refuse(404, "", "no such channel");
  if (channel->app != app.id) return refuse(403, "", "the channel belongs to " + channel->app);
  return {};
}

Refusal dead(const Endpoint& channel) {
  if (channel.state == Endpoint::State::expired) return {410, "Channel expired", "the channel has expired"};
  return {410, "Revoked channel URL", "the channel was revoked"};
}

void write_down_payload(const net::Request& request, Received& received) {
  put_text(received.details, "payload", request.body);
  const auto type = request.headers.find("X-WNS-Type").value_or("");
  if (type == "wns/raw") return;
  if (const auto document = read_xml(request.body))
    received.details["texts"] = json::array(document->texts.begin(), document->texts.end());
}

net::Response kept(const Call& call, const Endpoint& channel) {
  net::Response response{.status = 200};
  add_trace(response.headers, call);
  response.headers.add("X-WNS-Status", "received");
  add_connection(response.headers, call, channel);
  return response;
}

}  // namespace

Answer token(World& world, Call& call) {
  const Service service = service_of(call.request.path);
  Received received{.platform = Platform::wns, .kind = "token"};
  received.details["service"] = service.entra ? "entra" : "live";
  const auto app = examine_grant(world, call, service, received);
  const Examined<> examined = app ? Examined<>{} : std::unexpected(app.error());
  return settle(world, std::move(received), nullptr, examined,
                {.refuse =
                     [](const Refusal& why) {
                       return oauth_error(why.status, why.reason.empty() ? "server_error" : why.reason, why.problem);
                     },
                 .accept = [&](Received&) { return granted(world, **app, service); }});
}

Answer push(World& world, Call& call) {
  const net::Request& request = call.request;
  const auto query = parse_form(request.query);
  // "+" is a letter of the token's base64, not a space.
  const auto* found = query ? find(*query, "token") : nullptr;
  std::string id = found == nullptr ? "" : *found;
  std::ranges::replace(id, ' ', '+');
  Received received{.platform = Platform::wns, .endpoint = id};
  received.details["headers"] =
      headers_in(request, {"X-WNS-Type", "X-WNS-TTL", "X-WNS-Cache-Policy", "X-WNS-RequestForStatus", "X-WNS-Tag",
                           "X-WNS-Group", "Content-Type", "MS-CV"});
  write_down_payload(request, received);
  Endpoint* channel = world.endpoints.find(Platform::wns, id);
  const auto examined = [&]() -> Examined<> {
    HG_EXAMINE(check_framing(call));
    const auto app = check_sender(world, call);
    if (!app) return std::unexpected(app.error());
    const auto kind = kind_of(request, **app);
    if (!kind) return std::unexpected(kind.error());
    HG_EXAMINE(check_options(request, **kind));
    return check_channel(channel, **app);
  }();
  return settle(world, std::move(received), channel, examined,
                {.refuse = [&](const Refusal& why) { return refusal(why, call, channel); },
                 .accept = [&](Received&) { return kept(call, *channel); },
                 .dead = dead});
}

}  // namespace hg::pushsim::wns
