#include "pushsim/apns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/id.h"
#include "crypto/hash.h"
#include "pushsim/apns_payload.h"
#include "pushsim/apns_provider.h"
#include "pushsim/fields.h"
#include "pushsim/settle.h"

namespace hg::pushsim::apns {

namespace {

constexpr std::string_view kResource = "/3/device/";
constexpr std::uint32_t kStreams = 1000;  // once the provider is known
constexpr std::size_t kMostCollapseId = 64;
constexpr auto kKept = std::chrono::days(30);

// What the topic of each push type ends with.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTypes{{
    {"alert", ""},
    {"background", ""},
    {"controls", ".push-type.controls"},
    {"location", ".location-query"},
    {"voip", ".voip"},
    {"complication", ".complication"},
    {"fileprovider", ".pushkit.fileprovider"},
    {"mdm", ""},
    {"liveactivity", ".push-type.liveactivity"},
    {"pushtotalk", ".voip-ptt"},
    {"widgets", ".push-type.widgets"},
}};

constexpr std::array<std::string_view, 7> kFields{
    "apns-id", "apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-collapse-id", "authorization"};

struct Push {
  std::string type = {}, topic = {}, id = {};
};

Examined<> check_type(const net::Request& request, Push& push) {
  push.type = request.headers.find("apns-push-type").value_or("");
  const auto known = std::ranges::find(kTypes, push.type, &std::pair<std::string_view, std::string_view>::first);
  if (known == kTypes.end())
    return refuse(400, "InvalidPushType",
                  push.type.empty() ? "apns-push-type is missing" : "apns-push-type \"" + push.type + "\" is unknown");
  push.topic = request.headers.find("apns-topic").value_or("");
  if (push.topic.empty()) return refuse(400, "MissingTopic", "apns-topic is missing; a key may serve several");
  if (!push.topic.ends_with(known->second))
    return refuse(400, "BadTopic", fmt::format("the topic of a {} push ends with {}", push.type, known->second));
  return {};
}

Examined<> check_topic(const App& app, const Push& push) {
  const auto known = std::ranges::find(kTypes, push.type, &std::pair<std::string_view, std::string_view>::first);
  const std::string bundle = push.topic.substr(0, push.topic.size() - known->second.size());
  if (std::ranges::find(app.topics, bundle) == app.topics.end())
    return refuse(400, "TopicDisallowed", "the key or certificate does not serve the topic " + push.topic);
  return {};
}

Examined<> check_delivery(const net::Request& request, const Push& push) {
  if (const auto priority = request.headers.find("apns-priority")) {
    if (*priority != "10" && *priority != "5" && *priority != "1")
      return refuse(400, "BadPriority", "apns-priority must be 10, 5 or 1");
    if (push.type == "background" && *priority != "5")
      return refuse(400, "BadPriority", "a background push has the priority 5; 10 is an error");
  } else if (push.type == "background") {
    return refuse(400, "BadPriority", "a background push needs apns-priority: 5; left out it is 10");
  }
  if (const auto expiration = request.headers.find("apns-expiration"); expiration && !digits(*expiration))
    return refuse(400, "BadExpirationDate", "apns-expiration must be seconds since 1970, or 0");
  if (const auto collapse = request.headers.find("apns-collapse-id");
      collapse && (collapse->empty() || collapse->size() > kMostCollapseId))
    return refuse(400, "BadCollapseId", fmt::format("apns-collapse-id has {} bytes, 64 may be", collapse->size()));
  return {};
}

Examined<> check_fields(const net::Request& request, Push& push) {
  for (const std::string_view field : kFields)
    if (request.headers.count(field) > 1)
      return refuse(400, "DuplicateHeaders", std::string(field) + " stands there twice");
  if (const auto id = request.headers.find("apns-id")) {
    if (id->size() != 36 || !Guid::parse(*id)) return refuse(400, "BadMessageId", "apns-id must be a canonical UUID");
    push.id = *id;
  }
  HG_EXAMINE(check_type(request, push));
  return check_delivery(request, push);
}

Examined<> check_device(const Endpoint* endpoint, std::string_view token, Door door, const Push& push) {
  if (endpoint == nullptr) return refuse(400, "BadDeviceToken", "no such device token");
  if (!std::ranges::all_of(token, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }))
    return refuse(400, "BadDeviceToken", "a device token is written in hexadecimal, in lower case");
  if (endpoint->environment != door)
    return refuse(
        400, "BadDeviceToken",
        fmt::format("the device token is of the {}", door == Door::apns ? "sandbox" : "production environment"));
  if (!push.topic.starts_with(endpoint->app))
    return refuse(400, "DeviceTokenNotForTopic", "the device token is for " + endpoint->app);
  return {};
}

std::string usual_reason(int status) {
  static const std::map<int, std::string> reasons{
      {400, "BadRequest"},       {403, "Forbidden"},           {404, "BadPath"},
      {405, "MethodNotAllowed"}, {410, "Unregistered"},        {413, "PayloadTooLarge"},
      {429, "TooManyRequests"},  {500, "InternalServerError"}, {503, "ServiceUnavailable"}};
  const auto found = reasons.find(status);
  return found == reasons.end() ? "InternalServerError" : found->second;
}

net::Response refusal(const Refusal& why, const Push& push, const Endpoint* endpoint) {
  net::Response response{.status = why.status};
  response.headers.add("apns-id", push.id);
  JsonWriter out(response.body);
  out.object().field("reason", why.reason.empty() ? usual_reason(why.status) : why.reason);
  if (why.status == 410) out.field("timestamp", to_ms(endpoint == nullptr ? Time{} : endpoint->since));
  out.end();
  return response;
}

Refusal dead(const Endpoint& endpoint) {
  if (endpoint.state == Endpoint::State::expired) return {410, "ExpiredToken", "the device token has expired"};
  return {410, "Unregistered", "the device token is inactive for the topic"};
}

// For a device that is away: of each app the last one waits, whatever its collapse id, and no longer than it says.
void keep(World& world, const Endpoint& device, const net::Request& request, const Push& push, Received& received) {
  const Time now = world.clock.now();
  Time expires = now + kKept;
  if (const auto until = digits(request.headers.find("apns-expiration").value_or("")))
    expires = std::min(expires, Time{std::chrono::seconds(*until)});
  received.details["held"] = expires > now;
  if (expires <= now) return;
  const auto replaced = world.queue.add(push.id, {device.id, device.app, expires, received.details});
  if (replaced) received.details["replaced"] = *replaced;
}

}  // namespace

Answer push(World& world, Call& call) {
  const net::Request& request = call.request;
  const std::string token = request.path.starts_with(kResource) ? request.path.substr(kResource.size()) : "";
  Received received{.platform = Platform::apns, .endpoint = token};
  received.details["headers"] = headers_in(
      request, {"apns-id", "apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-collapse-id"});
  received.details["environment"] = call.door == Door::apns ? "production" : "sandbox";
  put_text(received.details, "payload", request.body);
  Endpoint* endpoint = world.endpoints.find(Platform::apns, token);
  Push push{.id = crypto::random_guid().str()};
  bool trusted = false;
  const auto examined = [&]() -> Examined<> {
    if (call.http != 2) return refuse(505, "", "APNs speaks HTTP/2 only");
    if (token.empty())
      return refuse(request.path == kResource ? 400 : 404, request.path == kResource ? "MissingDeviceToken" : "BadPath",
                    "the path is /3/device/{token}");
    if (request.method != "POST") return refuse(405, "MethodNotAllowed", "POST is the method");
    const auto app = check_provider(world, call, received);
    if (!app) return std::unexpected(app.error());
    trusted = true;
    HG_EXAMINE(check_fields(request, push));
    HG_EXAMINE(check_topic(**app, push));
    HG_EXAMINE(check_payload(request.body, push.type));
    return check_device(endpoint, token, call.door, push);
  }();
  auto answer = settle(world, std::move(received), endpoint, examined,
                       {.refuse = [&](const Refusal& why) { return refusal(why, push, endpoint); },
                        .accept =
                            [&](Received& good) {
                              good.details["online"] = endpoint->online;
                              if (!endpoint->online) keep(world, *endpoint, request, push, good);
                              net::Response response{.status = 200};
                              response.headers.add("apns-id", push.id);
                              if (call.door == Door::apns_sandbox)
                                response.headers.add("apns-unique-id", crypto::random_guid().str());
                              return response;
                            },
                        .dead = dead});
  if (trusted) answer.streams = kStreams;
  return answer;
}

}  // namespace hg::pushsim::apns
