#include "pushsim/webpush.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "crypto/ece.h"
#include "crypto/hash.h"
#include "pushsim/fields.h"
#include "pushsim/settle.h"
#include "pushsim/vapid.h"

namespace hg::pushsim::webpush {

namespace {

constexpr std::string_view kResource = "/push/";
constexpr std::string_view kMessage = "/message/";
constexpr std::size_t kMostMessage = 4096;  // RFC 8030 §7.2: at least so much must be taken; no service takes more
constexpr std::size_t kMostTopic = 32;
constexpr std::int64_t kMostTtl = 30L * 24 * 60 * 60;  // what is asked beyond is kept for so long

struct Message {
  std::int64_t ttl = 0;
  std::string urgency = "normal", topic = {};
};

bool base64url_only(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// RFC 8030 §5.2 to §5.4.
Examined<> read_fields(const net::Request& request, Message& message) {
  const auto ttl = request.headers.find("TTL");
  if (!ttl) return refuse(400, "111", "no TTL header; it is required (RFC 8030 §5.2)");
  const auto seconds = digits(*ttl);
  if (!seconds) return refuse(400, "112", "TTL must be a number of seconds");
  message.ttl = std::min(*seconds, kMostTtl);
  if (const auto urgency = request.headers.find("Urgency")) {
    constexpr std::array<std::string_view, 4> known{"very-low", "low", "normal", "high"};
    if (std::ranges::find(known, *urgency) == known.end())
      return refuse(400, "400", "Urgency must be very-low, low, normal or high (RFC 8030 §5.3)");
    message.urgency = *urgency;
  }
  if (const auto topic = request.headers.find("Topic")) {
    if (topic->empty() || topic->size() > kMostTopic || !base64url_only(*topic))
      return refuse(400, "113", "Topic must be 1 to 32 characters of base64url (RFC 8030 §5.4)");
    message.topic = *topic;
  }
  for (const std::string_view once : {"TTL", "Urgency", "Topic", "Content-Encoding", "Authorization"})
    if (request.headers.count(once) > 1) return refuse(400, "400", std::string(once) + " stands there twice");
  return {};
}

Examined<> check_authority(World& world, const Call& call, const Endpoint& endpoint, Received& received) {
  const auto field = call.request.headers.find("Authorization");
  if (!field) {
    if (endpoint.app.empty()) return {};
    return refuse(401, "109",
                  "the subscription is bound to an application server key; VAPID is needed (RFC 8292 §4.2)");
  }
  const auto vapid = read_vapid(world.vapid, *field, origin_of(call), world.clock.now());
  if (!vapid) return refuse(vapid.error().status, "109", vapid.error().problem);
  received.details["vapid"] = vapid->claims;
  received.details["applicationServerKey"] = vapid->key;
  if (!endpoint.app.empty() && vapid->key != endpoint.app)
    return refuse(403, "109", "the subscription is bound to another application server key");
  return {};
}

Examined<> read_body(const net::Request& request, const Endpoint& endpoint, Received& received) {
  received.details["size"] = request.body.size();
  if (request.body.size() > kMostMessage)
    return refuse(
        413, "104",
        fmt::format("the body has {} bytes, {} may be (3993 before encryption)", request.body.size(), kMostMessage));
  if (request.body.empty()) return {};
  const auto encoding = request.headers.find("Content-Encoding").value_or("");
  if (encoding != "aes128gcm")
    return refuse(encoding == "aesgcm" ? 415 : 400, "110",
                  "Content-Encoding must be aes128gcm (RFC 8291); it is \"" + std::string(encoding) + "\"");
  const auto clear = crypto::decrypt_push(*endpoint.key, endpoint.secret, as_bytes(request.body));
  if (!clear) return refuse(400, "110", "the body does not open with the subscription's keys (RFC 8291)");
  put_text(received.details, "message", as_text(*clear));
  return {};
}

// As autopush writes it; `reason` is its errno.
net::Response refusal(const Refusal& why) {
  static const std::map<int, std::pair<std::string, std::string>> usual{{404, {"102", "Not Found"}},
                                                                        {410, {"106", "Gone"}},
                                                                        {413, {"104", "Payload Too Large"}},
                                                                        {429, {"999", "Too Many Requests"}},
                                                                        {500, {"999", "Internal Server Error"}},
                                                                        {503, {"201", "Service Unavailable"}}};
  const auto known = usual.find(why.status);
  const std::string number = !why.reason.empty() ? why.reason : known != usual.end() ? known->second.first : "999";
  int errno_value = 999;
  std::from_chars(number.data(), number.data() + number.size(), errno_value);
  net::Response response{.status = why.status};
  response.headers.add("Content-Type", "application/json");
  if (why.status == 401) response.headers.add("WWW-Authenticate", "vapid");
  JsonWriter(response.body)
      .object()
      .field("code", why.status)
      .field("errno", errno_value)
      .field("error", known != usual.end() ? std::string_view(known->second.second) : net::reason_phrase(why.status))
      .field("message", why.problem)
      .field("more_info", "https://autopush.readthedocs.io/en/latest/http.html#error-codes")
      .end();
  return response;
}

Refusal dead(const Endpoint& endpoint) {
  if (endpoint.state == Endpoint::State::expired) return {404, "102", "the subscription has expired (RFC 8030 §7.3)"};
  return {410, "106", "the subscription is gone"};
}

// RFC 8030 §5: where the message is, and for how long.
net::Response created(World& world, const Call& call, const Endpoint& endpoint, const Message& message,
                      Received& received) {
  const std::string id = crypto::random_token(24);
  received.details["messageId"] = id;
  received.details["held"] = !endpoint.online;
  if (!endpoint.online && message.ttl > 0) {
    const Time expires = world.clock.now() + std::chrono::seconds(message.ttl);
    const auto replaced = world.queue.add(id, {endpoint.id, message.topic, expires, received.details});
    if (replaced) received.details["replaced"] = *replaced;
  }
  net::Response response{.status = call.request.headers.has_token("Prefer", "respond-async") ? 202 : 201};
  response.headers.add("Location", origin_of(call) + std::string(kMessage) + id);
  response.headers.add("TTL", std::to_string(message.ttl));
  return response;
}

}  // namespace

Answer push(World& world, Call& call) {
  const net::Request& request = call.request;
  const std::string id = request.path.substr(kResource.size());
  Received received{.platform = Platform::web_push, .endpoint = id};
  received.details["headers"] = headers_in(request, {"TTL", "Urgency", "Topic", "Content-Encoding", "Content-Type"});
  Endpoint* endpoint = world.endpoints.find(Platform::web_push, id);
  Message message;
  const auto examined = [&]() -> Examined<> {
    if (request.method != "POST") return refuse(405, "", "a push resource takes POST only");
    if (endpoint == nullptr) return refuse(404, "102", "no such subscription");
    HG_EXAMINE(read_fields(request, message));
    HG_EXAMINE(check_authority(world, call, *endpoint, received));
    return read_body(request, *endpoint, received);
  }();
  received.details["urgency"] = message.urgency;
  return settle(world, std::move(received), endpoint, examined,
                {.refuse = refusal,
                 .accept = [&](Received& good) { return created(world, call, *endpoint, message, good); },
                 .dead = dead});
}

Answer withdraw(World& world, Call& call) {
  const std::string id = call.request.path.substr(kMessage.size());
  Received received{.platform = Platform::web_push, .kind = "withdraw", .endpoint = id};
  const bool waits = call.request.method == "DELETE" && world.queue.remove(id, world.clock.now());
  Examined<> examined;
  if (call.request.method != "DELETE")
    examined = refuse(405, "", "a message resource takes DELETE only");
  else if (!waits)
    examined = refuse(404, "102", "no such message waits: it was delivered, has expired or never was");
  return settle(world, std::move(received), nullptr, examined,
                {.refuse = refusal, .accept = [](Received&) { return net::Response{.status = 204}; }});
}

}  // namespace hg::pushsim::webpush
