#include "pushsim/endpoints.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "pushsim/fields.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kSecret = 16;  // RFC 8291 §3.2
constexpr std::size_t kPoint = 65;
constexpr auto kChannelLife = std::chrono::days(30);

constexpr std::array<std::string_view, 3> kStates{"live", "gone", "expired"};

// As long and as odd as the vendors' own, so that nobody relies on their form.
std::string new_id(Platform platform) {
  switch (platform) {
    case Platform::apns:
      return hex(crypto::random_bytes(32));
    case Platform::fcm:
      return crypto::random_token(16) + ":APA91b" + crypto::random_token(96);
    case Platform::wns:
      return base64(crypto::random_bytes(96));
    case Platform::web_push:
      return crypto::random_token(48);
    case Platform::email:
      return crypto::random_token(6) + "@example.com";
  }
  return "";
}

// 22 characters that begin with c, d, e or f: the first four bits are 0111.
std::string new_fid() {
  Buffer bytes = crypto::random_bytes(17);
  bytes[0] = (bytes[0] & std::byte{0x0f}) | std::byte{0x70};
  return base64url(bytes).substr(0, 22);
}

Result<void> set(Endpoint& endpoint, std::string_view member, const json::value& value, Time now) {
  if (member == "platform") return {};
  if (member == "state") {
    for (std::size_t i = 0; i < kStates.size(); ++i) {
      if (!value.is_string() || value.as_string() != kStates.at(i)) continue;
      endpoint.state = static_cast<Endpoint::State>(i);
      endpoint.since = now;
      return {};
    }
    return must_be(member, "live, gone or expired");
  }
  if (member == "online") {
    if (!value.is_bool()) return must_be(member, "true or false");
    endpoint.online = value.as_bool();
    return {};
  }
  return fail(Code::property_invalid, fmt::format("\"{}\" is unknown; see docs/pushsim.md", member));
}

Result<void> set_new(Endpoint& endpoint, std::string_view member, const json::value& value, Time now) {
  if (member == "app" || member == "applicationServerKey") {
    if (!value.is_string()) return must_be(member, "a text");
    endpoint.app = value.as_string();
    return {};
  }
  if (member == "id") {
    if (!value.is_string() || value.as_string().empty()) return must_be(member, "a text");
    endpoint.id = value.as_string();
    return {};
  }
  if (member == "environment") {
    if (value == "production") {
      endpoint.environment = Door::apns;
    } else if (value == "sandbox") {
      endpoint.environment = Door::apns_sandbox;
    } else {
      return must_be(member, "production or sandbox");
    }
    return {};
  }
  return set(endpoint, member, value, now);
}

bool is_point(std::string_view text) {
  const auto point = from_base64url(text);
  return point && point->size() == kPoint && point->front() == std::byte{4};
}

json::object keys_of(const Endpoint& endpoint) {
  return {{"p256dh", base64url(endpoint.key->point())}, {"auth", base64url(endpoint.secret)}};
}

}  // namespace

Result<Endpoint*> Endpoints::add(Platform platform, const json::object& wish, std::string_view app, Time now) {
  Endpoint made{.platform = platform, .app = std::string(app), .since = now};
  for (const auto& [member, value] : wish) HG_CHECK(set_new(made, member, value, now));
  if (made.id.empty()) made.id = new_id(platform);
  if (platform == Platform::web_push) {
    if (!made.app.empty() && !is_point(made.app))
      return must_be("applicationServerKey", "an uncompressed P-256 point (65 bytes) as base64url");
    made.key = crypto::PrivateKey::generate(crypto::Alg::es256);
    made.secret = crypto::random_bytes(kSecret);
  }
  if (platform == Platform::fcm) {
    made.fid = new_fid();
    tokens_.emplace(made.fid, made.id);
  }
  auto [place, added] = all_.insert_or_assign({platform, made.id}, made);
  return &place->second;
}

Endpoint* Endpoints::find(Platform platform, std::string_view id) {
  const auto found = all_.find(std::pair(platform, std::string(id)));
  return found == all_.end() ? nullptr : &found->second;
}

Endpoint* Endpoints::find_fid(std::string_view fid) {
  const auto token = tokens_.find(fid);
  return token == tokens_.end() ? nullptr : find(Platform::fcm, token->second);
}

bool Endpoints::remove(Platform platform, std::string_view id) {
  return all_.erase(std::pair(platform, std::string(id))) > 0;
}

json::array Endpoints::list(const Addresses& addresses) const {
  json::array out;
  for (const auto& [key, endpoint] : all_) out.push_back(as_json(endpoint, addresses));
  return out;
}

Result<void> change(Endpoint& endpoint, const json::object& wish, Time now) {
  for (const auto& [member, value] : wish) HG_CHECK(set(endpoint, member, value, now));
  return {};
}

json::object as_json(const Endpoint& endpoint, const Addresses& addresses) {
  json::object out{{"platform", name(endpoint.platform)},
                   {"id", endpoint.id},
                   {"app", endpoint.app},
                   {"state", kStates.at(static_cast<std::size_t>(endpoint.state))},
                   {"online", endpoint.online}};
  switch (endpoint.platform) {
    case Platform::apns:
      out["token"] = endpoint.id;
      out["environment"] = endpoint.environment == Door::apns ? "production" : "sandbox";
      break;
    case Platform::fcm:
      out["token"] = endpoint.id;
      out["fid"] = endpoint.fid;
      break;
    case Platform::wns:
      out["channelUri"] = addresses.https + "/?token=" + percent_encode(endpoint.id);
      out["expirationTime"] = iso(endpoint.since + kChannelLife);
      break;
    case Platform::web_push:
      out["endpoint"] = addresses.https + "/push/" + endpoint.id;
      out["expirationTime"] = nullptr;
      out["keys"] = keys_of(endpoint);
      break;
    case Platform::email:
      out["address"] = endpoint.id;
      break;
  }
  return out;
}

}  // namespace hg::pushsim
