#include "push/webpush.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "crypto/vapid.h"
#include "push/answers.h"
#include "push/payload.h"
#include "push/workshop.h"

namespace hg::push {

namespace asio = boost::asio;

namespace {

using Kind = Message::Kind;
using Outcome = Verdict::Outcome;

std::string_view urgency_of(const Message& message) {
  if (message.kind == Kind::visual || message.priority == model::Priority::high) return "high";
  return message.priority == model::Priority::low ? "low" : "normal";
}

// A Location may be relative; one on another host is nobody's message.
std::string resource(const std::string& location, const PushEndpoint& endpoint) {
  if (location.starts_with('/') && !location.starts_with("//")) return endpoint.parts.origin + location;
  const auto url = net::parse_url(location);
  return url && url->origin == endpoint.parts.origin && !url->credentials ? location : std::string();
}

// "push.example" is that host, "*.push.example" any below it.
bool among(const std::vector<std::string>& hosts, std::string_view host) {
  return std::ranges::any_of(hosts, [&](std::string_view one) {
    return one.starts_with("*.") ? host.size() >= one.size() &&
                                       equal_ignoring_case(host.substr(host.size() - one.size() + 1), one.substr(1))
                                 : equal_ignoring_case(host, one);
  });
}

class WebPush final : public Sender {
 public:
  WebPush(Workshop& workshop, const WebPushCredentials& credentials) : workshop_(workshop) {
    for (const std::string& der : credentials.keys)
      keys_.emplace_back(*crypto::PrivateKey::from_der(as_bytes(der)), credentials.subject);
  }

  [[nodiscard]] Result<void> check(const model::Channel& channel) const override {
    HG_TRY([[maybe_unused]] const auto endpoint, read(channel));
    return {};
  }

  asio::awaitable<Verdict> send(model::Channel channel, Message message) override {
    if (message.kind == Kind::mail) co_return rejected("Web Push cannot do that");
    if (message.kind == Kind::probe) co_return delivered();  // what could be wrong was looked at before
    const auto endpoint = read(channel);
    if (!endpoint) co_return rejected(endpoint.error().message);
    auto* vapid = key_of(channel);
    // It can never be reached again; its app has to subscribe with the present key.
    if (vapid == nullptr) co_return gone("its VAPID key is no longer kept");
    if (message.kind == Kind::withdrawal) co_return co_await withdraw(*endpoint, *vapid, message.location);
    co_return co_await workshop_.lanes().run("webpush " + endpoint->parts.origin,
                                             [&] { return push(*endpoint, *vapid, message); });
  }

 private:
  [[nodiscard]] Result<PushEndpoint> read(const model::Channel& channel) const {
    return read_endpoint(channel, workshop_.addresses().loopback, workshop_.addresses().webpush_hosts);
  }

  crypto::Vapid* key_of(const model::Channel& channel) {
    const std::string& key = channel.application_server_key;
    const auto found =
        std::ranges::find_if(keys_, [&](const crypto::Vapid& one) { return key.empty() || one.public_key() == key; });
    return found == keys_.end() ? nullptr : &*found;
  }

  asio::awaitable<Verdict> push(const PushEndpoint& endpoint, crypto::Vapid& vapid, Message message) {
    auto answer = co_await post(endpoint, vapid, message);
    // Some services take less than RFC 8030 asks of them: then it is only told that there is something.
    if (answer && answer->status == 413 && message.signal.contents && endpoint.keys) {
      message.signal.contents = false;
      answer = co_await post(endpoint, vapid, message);
    }
    co_return answer ? judge_webpush(*answer, endpoint, workshop_.now()) : verdict_of(answer.error());
  }

  asio::awaitable<net::Reached<net::Answer>> post(const PushEndpoint& endpoint, crypto::Vapid& vapid,
                                                  const Message& message) {
    net::Ask ask{.url = endpoint.url, .headers = webpush_headers(message, endpoint.keys.has_value())};
    ask.headers.add("Authorization", vapid.authorization(endpoint.parts.origin, workshop_.now()));
    if (endpoint.keys) ask.body = as_text(crypto::encrypt_push(*endpoint.keys, as_bytes(webpush_text(message))));
    co_return co_await workshop_.http2().send(std::move(ask));
  }

  asio::awaitable<Verdict> withdraw(const PushEndpoint& endpoint, crypto::Vapid& vapid, const std::string& location) {
    net::Ask ask{.method = "DELETE", .url = resource(location, endpoint)};
    if (ask.url.empty()) co_return rejected("that is no message of this endpoint's");
    ask.headers.add("Authorization", vapid.authorization(endpoint.parts.origin, workshop_.now()));
    co_return co_await workshop_.lanes().run("webpush " + endpoint.parts.origin, [&]() -> asio::awaitable<Verdict> {
      const auto answer = co_await workshop_.http2().send(ask);
      if (!answer) co_return verdict_of(answer.error());
      if (answer->status >= 200 && answer->status < 300) co_return delivered();
      if (answer->status < 500 && answer->status != 429) co_return rejected(std::to_string(answer->status));
      co_return retry_everywhere(std::to_string(answer->status), retry_after(*answer, workshop_.now()));
    });
  }

  Workshop& workshop_;
  std::list<crypto::Vapid> keys_;
};

}  // namespace

Result<PushEndpoint> read_endpoint(const model::Channel& channel, bool loopback,
                                   const std::vector<std::string>& hosts) {
  const auto invalid = [](const char* what) { return fail(Code::property_invalid, what); };
  const auto parsed = parse_json(channel.address);
  if (!parsed || !parsed->is_object()) return invalid("the channel is no PushSubscription");
  PushEndpoint endpoint{.url = text_in(parsed->get_object(), "endpoint"), .parts = {}, .keys = {}};
  HG_TRY(endpoint.parts, net::outbound_url("endpoint", endpoint.url, loopback));
  if (!hosts.empty() && !among(hosts, endpoint.parts.host))
    return fail(Code::property_invalid,
                "endpoint is on " + endpoint.parts.host + ", which is none of the push services that are allowed here");
  const auto& keys = object_in(parsed->get_object(), "keys");
  if (keys.empty()) return endpoint;
  endpoint.keys = crypto::PushKeys::parse(text_in(keys, "p256dh"), text_in(keys, "auth"));
  if (!endpoint.keys) return invalid("keys are none: p256dh is a point of P-256, auth 16 bytes");
  return endpoint;
}

net::Headers webpush_headers(const Message& message, bool encrypted) {
  net::Headers headers;
  headers.add("TTL", std::to_string(std::chrono::floor<std::chrono::seconds>(message.ttl).count()));
  headers.add("Urgency", urgency_of(message));
  headers.add("Topic", short_name(collapse_name(message)));
  if (!encrypted) return headers;
  headers.add("Content-Encoding", "aes128gcm");
  headers.add("Content-Type", "application/octet-stream");
  return headers;
}

std::string webpush_text(const Message& message) {
  return fit(message, traits(model::ChannelKind::webpush).most_payload,
             [&](const Fitting& fitting) { return signal_text(message.signal, fitting.contents); });
}

Verdict judge_webpush(const net::Answer& answer, const PushEndpoint& endpoint, Time now) {
  const std::string reason = std::to_string(answer.status);
  const auto after = retry_after(answer, now);
  switch (answer.status) {
    case 200:
    case 201:
    case 202: {
      auto verdict = delivered();
      verdict.location = resource(field(answer, "Location"), endpoint);
      return verdict;
    }
    case 404:
    case 410:
      return gone(reason);
    case 401:
    case 403:  // of one endpoint: whoever brought it may have named any URL, and must not stop the app's pushes by it
      return rejected(reason, true);
    case 406:  // Edge's service says so in place of 429
    case 429:
      return retry(reason, after);
    default:
      if (answer.status < 500) return rejected(reason, true);
      return retry_everywhere(reason, after);
  }
}

Result<void> read(const WebPushCredentials& credentials) {
  const auto subject = [&](std::string_view scheme) { return credentials.subject.starts_with(scheme); };
  const bool mail = subject("mailto:") && credentials.subject.contains('@');
  // Apple refuses those that can be nobody's.
  if ((!mail && !subject("https://")) || credentials.subject.contains("localhost"))
    return fail(Code::property_invalid,
                "subject is how push services reach you: mailto:you@your.domain or an https URL", "/subject");
  if (credentials.keys.empty()) return fail(Code::property_invalid, "there is no VAPID key", "/keys");
  for (const std::string& der : credentials.keys) {
    const auto key = crypto::PrivateKey::from_der(as_bytes(der));
    if (!key || key->alg() != crypto::Alg::es256)
      return fail(Code::property_invalid, "a VAPID key is no P-256 private key", "/keys");
  }
  return {};
}

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const WebPushCredentials& credentials) {
  HG_CHECK(read(credentials));
  return std::make_shared<WebPush>(workshop, credentials);
}

}  // namespace hg::push
