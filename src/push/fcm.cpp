#include "push/fcm.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "crypto/jwt.h"
#include "push/answers.h"
#include "push/payload.h"
#include "push/workshop.h"

namespace hg::push {

namespace asio = boost::asio;

namespace {

using Kind = Message::Kind;
using Outcome = Verdict::Outcome;

constexpr std::string_view kScope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";  // RFC 7523
// Google's own default where it names no time.
constexpr Duration kQuotaPause = std::chrono::seconds(60);
constexpr std::size_t kInstallationId = 22;

std::string_view priority_of(const Message& message) {
  const bool high =
      message.kind == Kind::visual || (message.kind == Kind::raw && message.priority == model::Priority::high);
  return high ? "high" : "normal";
}

// Every value is a text; no key begins with what FCM keeps for itself.
void write_data(JsonWriter& out, const Signal& signal, bool contents) {
  const bool all = contents && signal.contents;
  out.key("data").object().field("heliograph", "1");
  out.field("changeType", all ? "afsChange" : "afsChangeNotification");
  out.field("baseETag", signal.base_etag).field("newETag", signal.new_etag).field("cV", signal.cv);
  if (!signal.subscription_id.empty()) out.field("subscriptionId", signal.subscription_id);
  out.field("unread", std::to_string(signal.unread));
  if (!signal.ticket.empty()) out.field("ticket", signal.ticket);
  std::string activities = "[";
  if (all) {
    for (const std::string& activity : signal.activities) activities += (activities.size() > 1 ? "," : "") + activity;
  }
  out.field("activities", activities + "]");
  if (signal.expiring) {
    std::string subscription;
    JsonWriter(subscription).object().field("state", "expiring").field("expirationDateTime", *signal.expiring).end();
    out.field("subscription", subscription);
  }
  out.end();
}

void write_android(JsonWriter& out, const Message& message) {
  out.key("android").object().field("priority", priority_of(message));
  out.field("ttl", fmt::format("{}s", std::chrono::floor<std::chrono::seconds>(message.ttl).count()));
  if (message.kind == Kind::visual) {
    out.key("notification").object().field("tag", message.id).end();
  } else {
    out.field("collapse_key", collapse_name(message));
  }
  out.end();
}

std::string write(const Message& message, const std::string& address, bool only_validate, const Fitting& fitting) {
  std::string text;
  JsonWriter out(text);
  out.object();
  if (only_validate) out.field("validate_only", true);
  out.key("message").object().field(is_installation_id(address) ? "fid" : "token", address);
  if (message.kind == Kind::visual) {
    out.key("notification").object().field("title", fitting.title);
    if (!message.body.empty()) out.field("body", fitting.body);
    out.end();
  }
  write_data(out, message.signal, fitting.contents);
  write_android(out, message);
  out.end().end();
  return text;
}

// google.rpc.Status: the FcmError among its details, and the fields that were at fault.
struct Fault {
  std::string status, code;
  bool of_token = false;
};

Fault fault_in(const net::Answer& answer) {
  const auto body = object_in(answer);
  const auto& error = object_in(body, "error");
  Fault fault{.status = text_in(error, "status"), .code = {}};
  const auto* details = error.if_contains("details");
  if (!details || !details->is_array()) return fault;
  for (const auto& detail : details->get_array()) {
    if (!detail.is_object()) continue;
    if (const auto code = text_in(detail.get_object(), "errorCode"); !code.empty()) fault.code = code;
    const auto* violations = detail.get_object().if_contains("fieldViolations");
    if (!violations || !violations->is_array()) continue;
    for (const auto& violation : violations->get_array()) {
      if (!violation.is_object()) continue;
      const auto field = text_in(violation.get_object(), "field");
      fault.of_token = fault.of_token || field == "message.token" || field == "message.fid";
    }
  }
  return fault;
}

class Fcm final : public Sender {
 public:
  Fcm(Workshop& workshop, const FcmCredentials& credentials, const ServiceAccount& account)
      : workshop_(workshop),
        url_(fmt::format("{}/v1/projects/{}/messages:send", workshop.addresses().fcm, percent_encode(account.project))),
        destination_("fcm " + account.project) {
    token_ =
        workshop.token("fcm " + credentials.service_account, [&workshop, account] { return fetch(workshop, account); });
  }

  [[nodiscard]] Result<void> check(const model::Channel& channel) const override {
    if (channel.address.empty()) return fail(Code::property_invalid, "the registration token is empty");
    return {};
  }

  asio::awaitable<Verdict> send(model::Channel channel, Message message) override {
    if (message.kind == Kind::withdrawal || message.kind == Kind::mail) co_return rejected("FCM cannot do that");
    if (message.kind == Kind::probe) co_return co_await probe();
    const std::string payload = fcm_payload(message, channel.address);
    co_return co_await workshop_.lanes().run(destination_, [&] { return send_once_or_twice(payload); });
  }

 private:
  // Google looks at the credentials first, then at a token that is none.
  asio::awaitable<Verdict> probe() {
    const std::string payload = fcm_payload({.kind = Kind::change}, "none", true);
    auto verdict = co_await workshop_.lanes().run(destination_, [&] { return send_once_or_twice(payload); });
    if (verdict.outcome == Outcome::gone || verdict.outcome == Outcome::rejected) co_return delivered();
    co_return verdict;
  }

  asio::awaitable<Verdict> send_once_or_twice(const std::string& payload) {
    for (int attempt = 1;; ++attempt) {
      const auto token = co_await token_->get();
      if (!token) co_return token.error();
      net::Ask ask{.url = url_, .body = payload};
      ask.headers.add("Authorization", "Bearer " + *token);
      ask.headers.add("Content-Type", "application/json");
      const auto answer = co_await workshop_.http2().send(std::move(ask));
      if (!answer) co_return verdict_of(answer.error());
      const bool refused = answer->status == 401 && fault_in(*answer).code.empty();
      if (!refused || attempt == 2) co_return judge_fcm(*answer, workshop_.now());
      token_->refused(*token);
    }
  }

  static asio::awaitable<ProviderToken::Answer> fetch(Workshop& workshop, ServiceAccount account) {
    const auto issued = std::chrono::floor<std::chrono::seconds>(workshop.now()).time_since_epoch();
    std::string claims;
    JsonWriter(claims)
        .object()
        .field("iss", account.email)
        .field("scope", kScope)
        .field("aud", account.token_uri)
        .field("iat", static_cast<std::int64_t>(issued.count()))
        .field("exp", static_cast<std::int64_t>((issued + std::chrono::seconds(3600)).count()))
        .end();
    net::Ask ask{.url = account.token_uri};
    ask.headers.add("Content-Type", "application/x-www-form-urlencoded");
    ask.body =
        form({{"grant_type", kGrant}, {"assertion", crypto::sign_jwt(account.key, account.key_id, "JWT", claims)}});
    const auto answer = co_await workshop.http2().send(std::move(ask));
    co_return token_in(answer, workshop.now());
  }

  Workshop& workshop_;
  std::string url_, destination_;
  std::shared_ptr<ProviderToken> token_;
};

}  // namespace

bool is_installation_id(std::string_view address) {
  if (address.size() != kInstallationId || address.front() < 'c' || address.front() > 'f') return false;
  return std::ranges::all_of(address, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

std::string fcm_payload(const Message& message, const std::string& address, bool only_validate) {
  return fit(message, traits(model::ChannelKind::fcm).most_payload,
             [&](const Fitting& fitting) { return write(message, address, only_validate, fitting); });
}

Verdict judge_fcm(const net::Answer& answer, Time now) {
  if (answer.status == 200) {
    auto verdict = delivered();
    verdict.id = text_in(object_in(answer), "name");
    return verdict;
  }
  const auto fault = fault_in(answer);
  const std::string reason = !fault.code.empty()     ? fault.code
                             : !fault.status.empty() ? fault.status
                                                     : std::to_string(answer.status);
  const auto after = retry_after(answer, now);
  const auto is = [&](int status, std::string_view code) { return answer.status == status && fault.code == code; };
  if (is(404, "UNREGISTERED")) return gone(reason);
  if (answer.status == 400 && fault.of_token) return gone(reason);
  if (is(403, "SENDER_ID_MISMATCH")) {
    auto verdict = gone(reason);
    verdict.alarm = true;
    return verdict;
  }
  if (answer.status == 401 || answer.status == 403) return broken_credentials(reason);
  if (answer.status == 429) return retry_everywhere(reason, after.value_or(kQuotaPause));
  if (answer.status >= 400 && answer.status < 500) return rejected(reason, true);
  return retry_everywhere(reason, after);
}

Result<ServiceAccount> read_account(const FcmCredentials& credentials) {
  const auto invalid = [](const std::string& what) { return fail(Code::property_invalid, what, "/serviceAccount"); };
  const auto parsed = parse_json(credentials.service_account);
  if (!parsed || !parsed->is_object()) return invalid("serviceAccount is not the JSON file that Google gives");
  const auto& json = parsed->get_object();
  for (const char* member : {"project_id", "client_email", "private_key_id", "private_key", "token_uri"})
    if (text_in(json, member).empty()) return invalid(fmt::format("serviceAccount has no {}", member));
  auto key = crypto::PrivateKey::from_pem(text_in(json, "private_key"));
  if (!key || key->alg() != crypto::Alg::rs256) return invalid("serviceAccount's private_key is no RSA key in PEM");
  const auto uri = net::parse_url(text_in(json, "token_uri"));
  if (!uri || uri->credentials) return invalid("serviceAccount's token_uri is no URL");
  return ServiceAccount{.project = text_in(json, "project_id"),
                        .email = text_in(json, "client_email"),
                        .key_id = text_in(json, "private_key_id"),
                        .token_uri = text_in(json, "token_uri"),
                        .key = *std::move(key)};
}

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const FcmCredentials& credentials) {
  HG_TRY(const auto account, read_account(credentials));
  return std::make_shared<Fcm>(workshop, credentials, account);
}

}  // namespace hg::push
