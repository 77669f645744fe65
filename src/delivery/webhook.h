// A webhook's calls as they go over the wire, by the conventions of standardwebhooks.com: whoever receives them
// verifies them with any of its libraries. Also documented in docs/webhooks.md.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/seal.h"
#include "model/subscription.h"
#include "net/client.h"
#include "store/webhooks.h"

namespace hg::delivery {

// A request to a webhook.
using Asking = std::function<boost::asio::awaitable<net::Reached<net::Answer>>(net::Ask)>;

// An ended subscription, for app servers.
struct EndedItem {
  std::string unsid, host_name;
  model::EndReason reason = model::EndReason::none;
  Time ended_at{};
};
void write(JsonWriter& out, const EndedItem& item);

// {"type": "subscriptions.ended", "timestamp", "data": {"value": [EndedItem]}}; `at`: the same each time it is tried.
std::string ended_body(const std::vector<EndedItem>& items, Time at);
// {"type": "webhook.test", …}: that there is nothing to tell.
std::string test_body(Time at);

// "v1," and the base64 of HMAC-SHA-256 over id, time and body, joined by dots.
std::string webhook_signature(Bytes secret, std::string_view id, std::string_view timestamp, std::string_view body);
// `id` is the same each time it is tried.
net::Ask webhook_ask(const std::string& url, Bytes secret, const Guid& id, Time now, std::string body);

struct Taken {
  bool taken = false;       // 2xx; a redirect is not followed
  std::string reason = {};  // else: the status, or what came between
  std::optional<Duration> retry_after = {};
};
Taken judge_webhook(const net::Reached<net::Answer>& answer, Time now);

// The test message, now. `key`: that sealed the secret.
boost::asio::awaitable<Taken> test_webhook(const Asking& send, const store::Webhook& webhook,
                                           const crypto::SealingKey& key, Time now);

// Whether whoever answers at `url` wants to be told: asked as Microsoft Graph asks it, by a POST with
// ?validationToken=, to be answered 200 with the token as text. Code::property_invalid (/url) says what came in its
// place.
boost::asio::awaitable<Result<void>> challenge_webhook(const Asking& send, const std::string& url);

}  // namespace hg::delivery
