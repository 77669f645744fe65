#include "delivery/webhook.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "push/answers.h"

namespace hg::delivery {

namespace asio = boost::asio;

namespace {

std::string seconds_of(Time at) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

std::string with_token(const std::string& url, const std::string& token) {
  const std::string before = url.substr(0, url.find('#'));
  return before + (before.contains('?') ? "&" : "?") + "validationToken=" + token;
}

JsonWriter& begin(JsonWriter& out, std::string_view type, Time at) {
  return out.object().field("type", type).field("timestamp", at).key("data").object();
}

}  // namespace

void write(JsonWriter& out, const EndedItem& item) {
  out.object()
      .field("userNotificationSubscriptionId", item.unsid)
      .field("targetHostName", item.host_name)
      .field("reason", model::name(item.reason))
      .field("endedDateTime", item.ended_at)
      .end();
}

std::string ended_body(const std::vector<EndedItem>& items, Time at) {
  std::string body;
  JsonWriter out(body);
  begin(out, "subscriptions.ended", at).key("value").array();
  for (const auto& item : items) write(out, item);
  out.end().end().end();
  return body;
}

std::string test_body(Time at) {
  std::string body;
  JsonWriter out(body);
  begin(out, "webhook.test", at).end().end();
  return body;
}

std::string webhook_signature(Bytes secret, std::string_view id, std::string_view timestamp, std::string_view body) {
  const auto dot = as_bytes(".");
  return "v1," + base64(crypto::hmac_sha256(secret, {as_bytes(id), dot, as_bytes(timestamp), dot, as_bytes(body)}));
}

net::Ask webhook_ask(const std::string& url, Bytes secret, const Guid& id, Time now, std::string body) {
  const std::string name = id.str(), at = seconds_of(now);
  const std::string signature = webhook_signature(secret, name, at, body);
  net::Ask ask{.url = url, .body = std::move(body)};
  ask.headers.add("Content-Type", "application/json");
  ask.headers.add("webhook-id", name);
  ask.headers.add("webhook-timestamp", at);
  ask.headers.add("webhook-signature", signature);
  return ask;
}

Taken judge_webhook(const net::Reached<net::Answer>& answer, Time now) {
  if (!answer) return {.reason = push::verdict_of(answer.error()).reason};
  if (answer->status >= 200 && answer->status < 300) return {.taken = true};
  return {.reason = fmt::format("answered {}", answer->status), .retry_after = push::retry_after(*answer, now)};
}

asio::awaitable<Taken> test_webhook(const Asking& send, const store::Webhook& webhook, const crypto::SealingKey& key,
                                    Time now) {
  const auto secret = key.open(webhook.id.view(), as_bytes(webhook.sealed));
  if (!secret) co_return Taken{.reason = "its secret was sealed with another key"};
  auto ask = webhook_ask(webhook.url, *secret, crypto::random_guid(), now, test_body(now));
  co_return judge_webhook(co_await send(std::move(ask)), now);
}

asio::awaitable<Result<void>> challenge_webhook(const Asking& send, const std::string& url) {
  const std::string token = crypto::random_token();
  net::Ask ask{.url = with_token(url, token)};
  ask.headers.add("Content-Type", "text/plain");
  const auto answer = co_await send(std::move(ask));
  const auto refused = [](const std::string& what) {
    return fail(
        Code::property_invalid,
        fmt::format("the webhook was not added: asked by POST with ?validationToken=, it {}; 200 with the token "
                    "as text is right",
                    what),
        "/url");
  };
  if (!answer) co_return refused(fmt::format("gave no answer ({})", push::verdict_of(answer.error()).reason));
  if (answer->status != 200) co_return refused(fmt::format("answered {}", answer->status));
  if (answer->body != token) co_return refused("answered something else than the token");
  co_return Result<void>{};
}

}  // namespace hg::delivery
