#include "push/wns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/use_awaitable.hpp>

#include "crypto/hash.h"
#include "push/answers.h"
#include "push/payload.h"
#include "push/workshop.h"

namespace hg::push {

namespace asio = boost::asio;

namespace {

using Kind = Message::Kind;
using Outcome = Verdict::Outcome;

constexpr std::string_view kHosts = ".notify.windows.com";
constexpr std::string_view kStoreScope = "notify.windows.com";
constexpr std::string_view kEntraScope = "https://wns.windows.com/.default";
constexpr std::size_t kLongestHeader = 64;  // characters of a group's name that a toast's header shows
// Where a device that is away makes WNS drop a toast, rather than keep it.
constexpr Duration kAway = std::chrono::minutes(5);
constexpr Duration kThrottled = std::chrono::minutes(1);

// The app gets the launch text back when the toast is touched; by the id it settles the notification.
std::string launch(const Message& message) {
  std::string text;
  JsonWriter out(text);
  out.object().field("notificationId", message.id);
  if (!message.app_notification_id.empty()) out.field("appNotificationId", message.app_notification_id);
  out.end();
  return text;
}

// Toasts of a group stand below a header of their own.
std::string header_of(const std::string& group) {
  if (group.empty()) return {};
  std::size_t end = std::min(group.size(), kLongestHeader);
  while (end > 0 && end < group.size() && (static_cast<unsigned char>(group[end]) & 0xC0U) == 0x80U) --end;
  return fmt::format(R"(<header id="{}" title="{}" arguments=""/>)", short_name(group),
                     html_escape(group.substr(0, end)));
}

// XML 1.0 §2.2: of the control characters only tab and line ends can be written at all.
std::string xml(std::string_view text) {
  std::string clean(text);
  std::erase_if(clean, [](unsigned char c) { return c < 0x20 && c != '\t' && c != '\n' && c != '\r'; });
  return html_escape(clean);
}

std::string toast(const Message& message, const Fitting& fitting) {
  std::string text = fmt::format(R"(<toast launch="{}">)", xml(launch(message))) + header_of(message.group);
  text += R"(<visual><binding template="ToastGeneric"><text>)" + xml(fitting.title) + "</text>";
  if (!message.body.empty()) text += "<text>" + xml(fitting.body) + "</text>";
  return text + "</binding></visual></toast>";
}

// 200 does not yet say that the device gets it.
Verdict judge_status(const net::Answer& answer, Time now) {
  const std::string status = lower(field(answer, "X-WNS-Status"));
  const std::string device = lower(field(answer, "X-WNS-DeviceConnectionStatus"));
  if (status == "channelthrottled") return retry(status, retry_after(answer, now).value_or(kThrottled));
  if (status == "dropped" && device == "connected") return rejected("dropped");
  if (status == "dropped") return retry("dropped: the device is " + (device.empty() ? "away" : device), kAway);
  return delivered();
}

class Wns final : public Sender {
 public:
  Wns(Workshop& workshop, const WnsCredentials& credentials) : workshop_(workshop), client_(credentials.client_id) {
    token_ = workshop.token(
        fmt::format("wns {} {} {}", credentials.tenant, credentials.client_id, credentials.client_secret),
        [&workshop, credentials] { return fetch(workshop, credentials); });
  }

  [[nodiscard]] Result<void> check(const model::Channel& channel) const override {
    const auto url = net::parse_url(channel.address);
    const bool loopback = workshop_.addresses().loopback && url && (url->host == "localhost" || url->address);
    const bool known = url && url->scheme == "https" && url->port == 443 && url->host.ends_with(kHosts);
    if (!url || url->credentials || (!known && !loopback))
      return fail(Code::property_invalid, "the channel URI is not one of WNS (https://….notify.windows.com/…)");
    return {};
  }

  asio::awaitable<Verdict> send(model::Channel channel, Message message) override {
    if (message.kind == Kind::withdrawal || message.kind == Kind::mail) co_return rejected("WNS cannot do that");
    if (message.kind == Kind::probe) co_return co_await probe();
    // Before the token is: whoever else had it could send to everybody.
    if (const auto checked = check(channel); !checked) co_return rejected(checked.error().message);
    const auto destination = fmt::format("wns {} {}", net::parse_url(channel.address)->origin, client_);
    net::Ask ask{.url = channel.address, .headers = wns_headers(message), .body = wns_payload(message)};
    co_return co_await workshop_.lanes().run(destination, [&] { return send_once_or_twice(ask); });
  }

 private:
  asio::awaitable<Verdict> probe() {
    const auto token = co_await token_->get();
    co_return token ? delivered() : token.error();
  }

  asio::awaitable<Verdict> send_once_or_twice(const net::Ask& ask) {
    for (int attempt = 1;; ++attempt) {
      const auto token = co_await token_->get();
      if (!token) co_return token.error();
      net::Ask one = ask;
      one.headers.set("Authorization", "Bearer " + *token);
      const auto answer = co_await workshop_.http1().send(std::move(one));
      if (!answer) co_return verdict_of(answer.error());
      if (answer->status != 401 || attempt == 2) co_return judge_wns(*answer, workshop_.now());
      token_->refused(*token);
    }
  }

  static asio::awaitable<ProviderToken::Answer> fetch(Workshop& workshop, WnsCredentials credentials) {
    const auto& addresses = workshop.addresses();
    const bool entra = !credentials.tenant.empty();
    net::Ask ask{
        .url = entra ? fmt::format("{}/{}/oauth2/v2.0/token", addresses.wns_entra, percent_encode(credentials.tenant))
                     : addresses.wns_store_token};
    ask.headers.add("Content-Type", "application/x-www-form-urlencoded");
    ask.body = form({{"grant_type", "client_credentials"},
                     {"client_id", credentials.client_id},
                     {"client_secret", credentials.client_secret},
                     {"scope", entra ? kEntraScope : kStoreScope}});
    const auto answer = co_await workshop.http1().send(std::move(ask));
    co_return token_in(answer, workshop.now());
  }

  Workshop& workshop_;
  std::string client_;
  std::shared_ptr<ProviderToken> token_;
};

}  // namespace

std::string wns_payload(const Message& message) {
  const auto write = [&](const Fitting& fitting) {
    return message.kind == Kind::visual ? toast(message, fitting) : signal_text(message.signal, fitting.contents);
  };
  return fit(message, traits(model::ChannelKind::wns).most_payload, write);
}

net::Headers wns_headers(const Message& message) {
  const bool toast = message.kind == Kind::visual;
  const bool kept = toast || (message.kind == Kind::raw && message.priority != model::Priority::low);
  net::Headers headers;
  headers.add("X-WNS-Type", toast ? "wns/toast" : "wns/raw");
  headers.add("Content-Type", toast ? "text/xml" : "application/octet-stream");
  headers.add("X-WNS-Cache-Policy", kept ? "cache" : "no-cache");
  headers.add("X-WNS-TTL", std::to_string(std::chrono::floor<std::chrono::seconds>(message.ttl).count()));
  headers.add("X-WNS-RequestForStatus", "true");
  headers.add("MS-CV", base64(crypto::random_bytes(12)) + ".0");
  return headers;
}

Verdict judge_wns(const net::Answer& answer, Time now) {
  const std::string error = field(answer, "X-WNS-Error-Description");
  const std::string reason = error.empty() ? std::to_string(answer.status) : error;
  Verdict verdict;
  switch (answer.status) {
    case 200:
      verdict = judge_status(answer, now);
      break;
    case 401:
      verdict = broken_credentials(reason);
      break;
    case 403:  // this channel is another app's; the credentials may be right
      verdict = rejected(reason, true);
      break;
    case 404:
      verdict = gone(reason);
      break;
    case 410:
      // The one word that tells a blocked sender from an ended channel.
      verdict = lower(error).contains("blocked") ? broken_credentials(reason) : gone(reason);
      break;
    case 406: {
      const bool app = equal_ignoring_case(field(answer, "X-WNS-Status"), "appthrottled");
      const auto after = retry_after(answer, now).value_or(kThrottled);
      verdict = app ? retry_everywhere("appthrottled", after) : retry("throttled", after);
      break;
    }
    case 429:
      verdict = retry_everywhere(reason, retry_after(answer, now));
      break;
    default:
      verdict = answer.status < 500 ? rejected(reason, true) : retry_everywhere(reason, retry_after(answer, now));
  }
  verdict.id = field(answer, "X-WNS-Msg-ID");
  return verdict;
}

Result<void> read(const WnsCredentials& credentials) {
  if (credentials.client_id.empty())
    return fail(Code::property_invalid, "clientId is missing: the Package SID, or an application id with tenant",
                "/clientId");
  if (credentials.tenant.empty() && !credentials.client_id.starts_with("ms-app://"))
    return fail(Code::property_invalid,
                "clientId is no Package SID (ms-app://…); the application id of a Windows App SDK app needs its tenant",
                "/clientId");
  if (credentials.client_secret.empty())
    return fail(Code::property_invalid, "clientSecret is missing", "/clientSecret");
  return {};
}

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const WnsCredentials& credentials) {
  HG_CHECK(read(credentials));
  return std::make_shared<Wns>(workshop, credentials);
}

}  // namespace hg::push
