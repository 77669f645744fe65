#include "pushsim/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "net/router.h"
#include "pushsim/fields.h"

namespace hg::pushsim {

namespace {

constexpr std::int64_t kMostAtOnce = 10'000;

Answer say(int status, const json::value& what) {
  net::Response response{.status = status};
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  JsonWriter(response.body).value(what);
  response.body += '\n';
  return {.response = std::move(response)};
}

Answer nothing() { return {.response = {.status = 204}}; }
Answer wrong(int status, std::string_view message) { return say(status, json::object{{"error", message}}); }

struct Asked {
  World& world;
  const GoawayEverywhere& goaway;
  const net::Request& request;
  net::Params params;
  json::object body;
  Form query;
};

Answer summary(Asked& asked) {
  const Addresses& at = asked.world.addresses;
  return say(200,
             json::object{{"program", "heliograph-pushsim"},
                          {"version", HELIOGRAPH_VERSION},
                          {"addresses",
                           {{"http", at.http},
                            {"https", at.https},
                            {"apns", at.apns},
                            {"apnsSandbox", at.apns_sandbox},
                            {"smtp", at.smtp}}},
                          {"counts", asked.world.journal.counts()},
                          {"calls",
                           {"GET /sim/received", "DELETE /sim/received", "GET /sim/endpoints", "POST /sim/endpoints",
                            "PATCH /sim/endpoints/{platform}/{id}", "DELETE /sim/endpoints/{platform}/{id}",
                            "GET /sim/endpoints/{platform}/{id}/waiting", "GET /sim/apps", "POST /sim/apps",
                            "GET /sim/faults", "POST /sim/faults", "DELETE /sim/faults", "DELETE /sim/faults/{id}",
                            "POST /sim/goaway", "DELETE /sim/tokens"}}});
}

std::optional<std::string> in_query(const Asked& asked, std::string_view name) {
  const auto* found = find(asked.query, name);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Answer received(Asked& asked) {
  Wanted wanted{.endpoint = in_query(asked, "endpoint"), .kind = in_query(asked, "kind")};
  if (const auto platform = in_query(asked, "platform")) {
    wanted.platform = parse_platform(*platform);
    if (!wanted.platform) return wrong(400, "platform must be apns, fcm, wns, webPush or email");
  }
  for (const Outcome outcome : {Outcome::accepted, Outcome::refused, Outcome::disturbed})
    if (in_query(asked, "outcome") == name(outcome)) wanted.outcome = outcome;
  wanted.since = static_cast<std::uint64_t>(digits(in_query(asked, "since").value_or("")).value_or(0));
  wanted.most = static_cast<std::size_t>(
      std::clamp<std::int64_t>(digits(in_query(asked, "limit").value_or("")).value_or(1000), 0, kMostAtOnce));
  return say(200, asked.world.journal.find(wanted));
}

Answer forget_received(Asked& asked) {
  asked.world.journal.clear();
  return nothing();
}

Answer list_endpoints(Asked& asked) {
  return say(200, json::object{{"value", asked.world.endpoints.list(asked.world.addresses)}});
}

// Whom an endpoint belongs to where the wish names nobody: the first app of the platform.
std::string usual_app(const World& world, Platform platform) {
  if (platform == Platform::web_push) return "";
  const auto app = std::ranges::find(world.apps, platform, &App::platform);
  if (app == world.apps.end()) return "";
  return platform == Platform::apns && !app->topics.empty() ? app->topics.front() : app->id;
}

Answer add_endpoint(Asked& asked) {
  const auto platform = parse_platform(text_in(asked.body, "platform").value_or(""));
  if (!platform) return wrong(400, "platform must be apns, fcm, wns, webPush or email");
  const auto made =
      asked.world.endpoints.add(*platform, asked.body, usual_app(asked.world, *platform), asked.world.clock.now());
  if (!made) return wrong(400, made.error().message);
  return say(201, as_json(**made, asked.world.addresses));
}

// The endpoint that the path names, or null.
Endpoint* named(Asked& asked) {
  const auto platform = parse_platform(asked.params.raw("platform"));
  const auto id = asked.params.decoded("id");
  return platform && id ? asked.world.endpoints.find(*platform, *id) : nullptr;
}

Answer change_endpoint(Asked& asked) {
  Endpoint* endpoint = named(asked);
  if (endpoint == nullptr) return wrong(404, "no such endpoint");
  if (const auto changed = change(*endpoint, asked.body, asked.world.clock.now()); !changed)
    return wrong(400, changed.error().message);
  if (endpoint->online) asked.world.queue.deliver(endpoint->id);
  return say(200, as_json(*endpoint, asked.world.addresses));
}

Answer remove_endpoint(Asked& asked) {
  const Endpoint* endpoint = named(asked);
  if (endpoint == nullptr) return wrong(404, "no such endpoint");
  asked.world.endpoints.remove(endpoint->platform, std::string(endpoint->id));
  return nothing();
}

Answer waiting(Asked& asked) {
  const Endpoint* endpoint = named(asked);
  if (endpoint == nullptr) return wrong(404, "no such endpoint");
  return say(200, json::object{{"value", asked.world.queue.waiting(endpoint->id, asked.world.clock.now())}});
}

Answer list_apps(Asked& asked) {
  json::array all;
  for (const App& app : asked.world.apps) all.push_back(as_json(app, asked.world.addresses));
  return say(200, json::object{{"value", std::move(all)}});
}

Answer add_app(Asked& asked) {
  auto made = new_app(asked.body);
  if (!made) return wrong(400, made.error().message);
  asked.world.apps.push_back(std::move(*made));
  return say(201, as_json(asked.world.apps.back(), asked.world.addresses));
}

Answer list_faults(Asked& asked) { return say(200, json::object{{"value", asked.world.faults.list()}}); }

Answer add_fault(Asked& asked) {
  const auto added = asked.world.faults.add(asked.body);
  if (!added) return wrong(400, added.error().message);
  return say(201, json::object{{"id", *added}});
}

Answer remove_fault(Asked& asked) {
  const auto id = digits(asked.params.raw("id"));
  if (!id || !asked.world.faults.remove(static_cast<std::uint64_t>(*id))) return wrong(404, "no such fault");
  return nothing();
}

Answer remove_faults(Asked& asked) {
  asked.world.faults.clear();
  return nothing();
}

Answer say_goaway(Asked& asked) {
  const std::string reason = text_in(asked.body, "reason").value_or("Shutdown");
  std::size_t told = 0;
  for (const Door door : {Door::secure, Door::apns, Door::apns_sandbox}) told += asked.goaway(door, reason);
  return say(200, json::object{{"connections", told}});
}

Answer revoke_tokens(Asked& asked) {
  asked.world.tokens.revoke();
  return nothing();
}

struct Row {
  std::string_view method, pattern;
  Answer (*answer)(Asked&);
};

constexpr Row kRows[] = {
    {"GET", "/sim", summary},
    {"GET", "/sim/received", received},
    {"DELETE", "/sim/received", forget_received},
    {"GET", "/sim/endpoints", list_endpoints},
    {"POST", "/sim/endpoints", add_endpoint},
    {"PATCH", "/sim/endpoints/{platform}/{id}", change_endpoint},
    {"DELETE", "/sim/endpoints/{platform}/{id}", remove_endpoint},
    {"GET", "/sim/endpoints/{platform}/{id}/waiting", waiting},
    {"GET", "/sim/apps", list_apps},
    {"POST", "/sim/apps", add_app},
    {"GET", "/sim/faults", list_faults},
    {"POST", "/sim/faults", add_fault},
    {"DELETE", "/sim/faults", remove_faults},
    {"DELETE", "/sim/faults/{id}", remove_fault},
    {"POST", "/sim/goaway", say_goaway},
    {"DELETE", "/sim/tokens", revoke_tokens},
};

const net::Router& router() {
  static const net::Router routes = [] {
    net::Router made;
    for (std::size_t i = 0; i < std::size(kRows); ++i) made.add(kRows[i].method, kRows[i].pattern, i);
    return made;
  }();
  return routes;
}

}  // namespace

Answer inspect(World& world, const GoawayEverywhere& goaway, const Call& call) {
  auto match = router().match(call.request.method, call.request.path);
  if (match.kind == net::Match::Kind::not_found) return wrong(404, "no such call; GET /sim lists them");
  if (match.kind == net::Match::Kind::method_not_allowed) return wrong(405, "allowed: " + match.allow);
  Asked asked{world, goaway, call.request, match.params, {}, parse_form(call.request.query).value_or(Form{})};
  if (!call.request.body.empty()) {
    auto body = parse_json(call.request.body);
    if (!body || !body->is_object()) return wrong(400, "the body must be a JSON object");
    asked.body = std::move(body->as_object());
  }
  return kRows[match.row].answer(asked);
}

}  // namespace hg::pushsim
