#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/bench.h"
#include "crypto/hash.h"

namespace hg::cli::bench {

namespace {

// About 400 bytes, as an app would send it.
constexpr std::string_view kPost =
    R"({{"targetHostName":"{}","appNotificationId":"{}-{}","payload":{{"visualContent":{{"title":"Build 4711 has failed",)"
    R"("body":"Three tests of the nightly build did not pass on the branch main; the log names them."}},)"
    R"("rawContent":"{{\"build\":4711,\"branch\":\"main\",\"failed\":3}}"}},"displayTimeToLive":600,"priority":"High",)"
    R"("groupName":"builds","targetPolicy":{{"platformTypes":["windows","ios","android"]}}}})";

std::string text_at(const json::value& object, std::string_view name) {
  return json::value_to<std::string>(object.at(name));
}

}  // namespace

Result<std::unique_ptr<Stage>> Stage::set(const Options& options) {
  std::unique_ptr<Stage> stage(new Stage);
  HG_TRY(stage->address, load::Address::parse(options.connect.empty() ? options.target.server : options.connect));
  HG_TRY(auto door, Door::open(options.target));
  HG_TRY(stage->host_, cross_device_host(door, options.cross_device));
  stage->admin_token_ = door.token();
  HG_TRY(const json::value token, door.admin("POST", "/tokens", json::value{{"crossDevice", stage->host_}}));
  stage->app_token_ = text_at(token, "access_token");
  stage->server = load::Processes(options.processes);
  stage->run_ = crypto::random_guid().str().substr(0, 8);
  return stage;
}

load::Fields Stage::administrator() const {
  return {{"Authorization", "Bearer " + admin_token_}, {"Content-Type", "application/json"}};
}

load::Fields Stage::json_of(const Actor& actor) const {
  return {{"Authorization", "Bearer " + actor.token}, {"Content-Type", "application/json"}};
}

Result<void> Stage::each(int status, const std::function<std::string(std::size_t)>& request,
                         const std::function<void(std::size_t, std::string_view)>& answered) {
  load::Calls calls{.to = address, .connections = 16, .most = actors.size(), .status = status};
  calls.request = [&](std::uint64_t n) { return request(n); };
  calls.answered = [&](std::uint64_t n, const load::Answer& answer) { answered(n, answer.body); };
  const auto figures = load::run(wire, calls, load::Processes());
  if (figures.failed > 0) return fail(Code::internal, "the users could not be made ready; see the refusal above");
  return {};
}

Result<void> Stage::find_users(std::size_t count) {
  load::Calls calls{.to = address, .connections = 1, .most = 1};
  calls.request = [&](std::uint64_t) { return load::request("GET", "/admin/v1/users", address, administrator()); };
  calls.answered = [&](std::uint64_t, const load::Answer& answer) {
    const json::value list = json::parse(answer.body);
    for (const auto& user : list.at("value").as_array())
      if (!user.at("administrator").as_bool() && actors.size() < count)
        actors.push_back({.name = text_at(user, "userPrincipalName")});
  };
  if (load::run(wire, calls, load::Processes()).failed > 0) return fail(Code::internal, "users cannot be listed");
  if (actors.size() == count) return {};
  return fail(Code::not_found,
              fmt::format("--users is {}, but the deployment has {} that are no administrators", count, actors.size()));
}

Result<void> Stage::give_unsids() {
  const auto ask = [&](std::size_t n) {
    const auto query = "user=" + percent_encode(actors[n].name) + "&crossDevice=" + percent_encode(host_);
    return load::request("GET", "/admin/v1/subscriptions?" + query, address, administrator());
  };
  HG_CHECK(each(200, ask, [&](std::size_t n, std::string_view body) {
    const json::value list = json::parse(body);
    const auto& all = list.at("value").as_array();
    if (!all.empty()) actors[n].unsid = text_at(all.front(), "userNotificationSubscriptionId");
  }));
  return subscribe_rest();
}

Result<void> Stage::subscribe_rest() {
  std::vector<std::size_t> without;
  for (std::size_t n = 0; n < actors.size(); ++n)
    if (actors[n].unsid.empty()) without.push_back(n);
  if (without.empty()) return {};
  load::Calls calls{.to = address, .connections = 1, .most = without.size(), .status = 201};
  calls.request = [&](std::uint64_t n) {
    const json::object body{{"user", actors[without[n]].name}, {"crossDevice", host_}, {"deviceId", "bench"}};
    return load::request("POST", "/admin/v1/subscriptions", address, administrator(), json::serialize(body));
  };
  calls.answered = [&](std::uint64_t n, const load::Answer& answer) {
    actors[without[n]].unsid = text_at(json::parse(answer.body), "userNotificationSubscriptionId");
  };
  if (load::run(wire, calls, load::Processes()).failed > 0) return fail(Code::internal, "users cannot be subscribed");
  return {};
}

Result<void> Stage::give_tokens() {
  return each(
      200,
      [&](std::size_t n) {
        const json::object body{{"user", actors[n].name}, {"crossDevice", host_}};
        return load::request("POST", "/admin/v1/tokens", address, administrator(), json::serialize(body));
      },
      [&](std::size_t n, std::string_view body) { actors[n].token = text_at(json::parse(body), "access_token"); });
}

Result<void> Stage::give_notifications() {
  return each(
      201, [&](std::size_t n) { return post_to(n, n); },
      [&](std::size_t n, std::string_view body) { actors[n].subject = text_at(json::parse(body), "id"); });
}

std::string Stage::post_to(std::size_t actor, std::uint64_t number) const {
  return load::request("POST", "/beta/me/notifications", address,
                       {{"Authorization", "Bearer " + app_token_},
                        {"X-UNS-ID", actors[actor].unsid},
                        {"Content-Type", "application/json"}},
                       fmt::format(kPost, host_, run_, number));
}

std::string Stage::toggle(std::size_t actor) {
  auto& one = actors[actor];
  one.read = !one.read;
  return load::request("PATCH", "/beta/me/notifications/" + one.subject, address, json_of(one),
                       one.read ? R"({"readState":"read"})" : R"({"readState":"unread"})");
}

std::string Stage::subscribe(std::size_t actor, bool events) const {
  load::Fields fields{{"Authorization", "Bearer " + actors[actor].token}};
  if (events) {
    fields.emplace_back("Accept", "text/event-stream");
  } else {
    fields.insert(fields.end(), {{"Connection", "Upgrade"},
                                 {"Upgrade", "websocket"},
                                 {"Sec-WebSocket-Version", "13"},
                                 {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  }
  return load::request("GET", "/beta/me/notifications/stream", address, fields);
}

std::string Stage::get(std::size_t actor, std::string_view path) const {
  return load::request("GET", path, address, {{"Authorization", "Bearer " + actors[actor].token}});
}

}  // namespace hg::cli::bench
