#include "push/apns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "crypto/certificate.h"
#include "crypto/jwt.h"
#include "push/answers.h"
#include "push/payload.h"
#include "push/workshop.h"

namespace hg::push {

namespace asio = boost::asio;

namespace {

using Kind = Message::Kind;
using Outcome = Verdict::Outcome;

// Of no device: what Apple says of it tells whether the credentials are taken.
constexpr std::string_view kNobody = "00000000000000000000000000000000";

constexpr std::string_view kCertificateEnded = "CertificateEnded";  // a word of ours

struct Ruling {
  int status;
  std::string_view reason;
  Outcome outcome;
  bool everywhere = false, alarm = false;
};

// "Handling notification responses from APNs". What stands for a mistake of ours raises an alarm.
constexpr std::array kRulings{
    Ruling{410, "Unregistered", Outcome::gone},
    Ruling{410, "ExpiredToken", Outcome::gone},
    Ruling{400, "BadDeviceToken", Outcome::gone},
    Ruling{400, "DeviceTokenNotForTopic", Outcome::rejected, false, true},
    Ruling{403, "ExpiredProviderToken", Outcome::credentials, false, true},
    Ruling{400, "BadTopic", Outcome::credentials, false, true},
    Ruling{400, "MissingTopic", Outcome::credentials, false, true},
    Ruling{400, "TopicDisallowed", Outcome::credentials, false, true},
    Ruling{400, "InvalidPushType", Outcome::credentials, false, true},
    Ruling{400, "IdleTimeout", Outcome::retry, true},
    Ruling{429, "TooManyRequests", Outcome::retry},
    Ruling{429, "TooManyProviderTokenUpdates", Outcome::retry, true, true},
};

void write_alert(JsonWriter& out, const Message& message, const Fitting& fitting) {
  out.key("alert").object().field("title", fitting.title);
  if (!message.body.empty()) out.field("body", fitting.body);
  out.end();
  if (message.priority == model::Priority::high) out.field("sound", "default");
  out.field("mutable-content", 1);
  if (!message.group.empty()) out.field("thread-id", message.group);
}

// The signal's keys stand beside `aps`.
std::string write(const Message& message, const Fitting& fitting) {
  std::string text;
  JsonWriter out(text);
  out.object().key("aps").object();
  if (message.kind == Kind::visual) {
    write_alert(out, message, fitting);
  } else {
    out.field("content-available", 1);
  }
  out.end().end();
  text.back() = ',';
  return text + signal_text(message.signal, fitting.contents).substr(1);
}

class Apns final : public Sender {
 public:
  Apns(Workshop& workshop, const ApnsCredentials& credentials, const std::optional<crypto::PrivateKey>& key)
      : workshop_(workshop),
        topic_(credentials.topic),
        sandbox_first_(credentials.environment == "sandbox"),
        production_(workshop.apns_line(credentials, key, false)),
        sandbox_(workshop.apns_line(credentials, key, true)) {
    if (const auto facts = crypto::certificate_facts(credentials.certificate)) ends_ = facts->not_after;
  }

  [[nodiscard]] Result<void> check(const model::Channel& channel) const override {
    if (channel.address.empty() || channel.address.size() > 200)
      return fail(Code::property_invalid, "the device token is not one of APNs");
    return {};
  }

  asio::awaitable<Verdict> send(model::Channel channel, Message message) override {
    if (message.kind == Kind::withdrawal || message.kind == Kind::mail) co_return rejected("APNs cannot do that");
    if (ends_ && workshop_.now() >= *ends_)
      co_return Verdict{.outcome = Outcome::credentials, .reason = std::string(kCertificateEnded), .alarm = true};
    if (message.kind == Kind::probe) co_return co_await probe();
    const bool sandbox = channel.environment.empty() ? sandbox_first_ : channel.environment == "sandbox";
    auto verdict = co_await send_to(sandbox, channel.address, message);
    if (verdict.reason != "BadDeviceToken" || !channel.environment.empty()) co_return verdict;
    co_return co_await other_environment(!sandbox, channel.address, message);
  }

 private:
  // The token did not say of which environment it is: it is bad only where it is of neither.
  asio::awaitable<Verdict> other_environment(bool sandbox, std::string device, Message message) {
    auto verdict = co_await send_to(sandbox, device, message);
    if (verdict.outcome == Outcome::delivered) verdict.environment = sandbox ? "sandbox" : "production";
    // Keys may be good for one environment only: then nobody can tell.
    if (verdict.outcome == Outcome::credentials) co_return rejected("BadDeviceToken", true);
    co_return verdict;
  }

  asio::awaitable<Verdict> probe() {
    auto verdict = co_await send_to(sandbox_first_, std::string(kNobody), {.kind = Kind::change});
    if (verdict.reason == "BadDeviceToken") co_return delivered();
    co_return verdict;
  }

  asio::awaitable<Verdict> send_to(bool sandbox, const std::string& device, const Message& message) {
    const auto line = sandbox ? sandbox_ : production_;
    co_return co_await workshop_.lanes().run(line->name(), [&]() -> asio::awaitable<Verdict> {
      const auto answer = co_await line->send(device, apns_headers(message, topic_, workshop_.now()),
                                              apns_payload(message), workshop_.clock());
      co_return answer ? judge_apns(*answer) : verdict_of(answer.error());
    });
  }

  Workshop& workshop_;
  std::string topic_;
  bool sandbox_first_;
  std::optional<Time> ends_;  // of the certificate: nobody would shake hands with us, for no reason that is told
  std::shared_ptr<ApnsLine> production_, sandbox_;
};

}  // namespace

ApnsToken::ApnsToken(crypto::PrivateKey key, std::string key_id, std::string team_id)
    : key_(std::move(key)), key_id_(std::move(key_id)), team_id_(std::move(team_id)) {}

const std::string& ApnsToken::get(Time now) {
  if (!value_.empty() && now - signed_at_ < kRenewed) return value_;
  const auto issued = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::string claims;
  JsonWriter(claims).object().field("iss", team_id_).field("iat", issued).end();
  value_ = crypto::sign_jwt(key_, key_id_, "JWT", claims);
  signed_at_ = now;
  return value_;
}

bool ApnsToken::expired(const std::string& value, Time now) {
  if (value != value_) return true;  // somebody has renewed it since
  if (now - signed_at_ < kLeastAge) return false;
  value_.clear();
  return true;
}

ApnsLine::ApnsLine(asio::any_io_executor loop, net::ClientOptions options, const std::string& base,
                   const std::string& id, std::shared_ptr<ApnsToken> token)
    : base_(base),
      name_("apns " + base + ' ' + id),
      token_(std::move(token)),
      client_(loop, std::move(options)),
      known_(loop, asio::steady_timer::time_point::max()) {}

bool ApnsLine::proved() const { return proved_ != 0 && proved_ == client_.connected() && client_.open() > 0; }

asio::awaitable<net::Reached<net::Answer>> ApnsLine::send(std::string device, net::Headers headers, std::string body,
                                                          const Clock& clock) {
  net::Ask ask{
      .url = base_ + "/3/device/" + percent_encode(device), .headers = std::move(headers), .body = std::move(body)};
  if (!token_) co_return co_await send_once(ask);
  const std::string token = token_->get(clock.now());
  ask.headers.set("authorization", "bearer " + token);
  auto answer = co_await send_once(ask);
  if (!answer || answer->status != 403 || text_in(object_in(*answer), "reason") != "ExpiredProviderToken")
    co_return answer;
  if (!token_->expired(token, clock.now())) co_return answer;
  ask.headers.set("authorization", "bearer " + token_->get(clock.now()));
  co_return co_await send_once(ask);
}

asio::awaitable<net::Reached<net::Answer>> ApnsLine::send_once(const net::Ask& ask) {
  while (!proved() && proving_) {
    const auto failures = failures_;
    boost::system::error_code woken;
    co_await known_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    // Nobody is there: that holds for all who waited.
    if (failures != failures_) co_return std::unexpected(failure_);
  }
  if (proved()) co_return co_await client_.send(ask);

  struct Proving {
    explicit Proving(ApnsLine& of) : line(of) { line.proving_ = true; }
    ~Proving() {
      line.proving_ = false;
      line.known_.cancel();
    }
    Proving(const Proving&) = delete;
    Proving& operator=(const Proving&) = delete;
    ApnsLine& line;
  };
  const Proving proving(*this);
  auto answer = co_await client_.send(ask);
  if (!answer) {
    ++failures_;
    failure_ = answer.error();
  } else if (answer->status != 403) {
    proved_ = client_.connected();
  }
  co_return answer;
}

std::string apns_payload(const Message& message) {
  return fit(message, traits(model::ChannelKind::apns).most_payload,
             [&](const Fitting& fitting) { return write(message, fitting); });
}

net::Headers apns_headers(const Message& message, const std::string& topic, Time now) {
  const bool visual = message.kind == Kind::visual;
  const auto until = std::chrono::floor<std::chrono::seconds>(now + message.ttl).time_since_epoch().count();
  net::Headers headers;
  headers.add("apns-topic", topic);
  headers.add("apns-push-type", visual ? "alert" : "background");
  headers.add("apns-priority", visual ? "10" : "5");
  headers.add("apns-expiration", message.ttl == Duration::zero() ? "0" : std::to_string(until));
  headers.add("apns-collapse-id", collapse_name(message));
  headers.add("content-type", "application/json");
  return headers;
}

Verdict judge_apns(const net::Answer& answer) {
  Verdict verdict{.id = field(answer, "apns-id")};
  if (answer.status == 200) {
    verdict.outcome = Outcome::delivered;
    return verdict;
  }
  const auto body = object_in(answer);
  const std::string reason = text_in(body, "reason");
  verdict.reason = reason.empty() ? std::to_string(answer.status) : reason;
  if (const auto* since = body.if_contains("timestamp"); since && since->is_int64() && answer.status == 410)
    verdict.gone_since = from_ms(since->get_int64());
  const auto* ruling = std::ranges::find_if(
      kRulings, [&](const Ruling& one) { return one.status == answer.status && one.reason == reason; });
  if (ruling != kRulings.end()) {
    verdict.outcome = ruling->outcome;
    verdict.everywhere = ruling->everywhere;
    verdict.alarm = ruling->alarm;
  } else if (answer.status == 403) {
    verdict.outcome = Outcome::credentials;
    verdict.alarm = true;
  } else if (answer.status == 429) {
    verdict.outcome = Outcome::retry;
  } else if (answer.status >= 400 && answer.status < 500) {
    verdict.outcome = Outcome::rejected;
    verdict.alarm = true;
  } else {
    verdict.outcome = Outcome::retry;
    verdict.everywhere = true;
  }
  return verdict;
}

Result<std::optional<crypto::PrivateKey>> read_key(const ApnsCredentials& credentials) {
  const auto invalid = [](const char* member, std::string what) {
    return fail(Code::property_invalid, std::move(what), std::string("/") + member);
  };
  const auto identifier = [](const std::string& text) {
    return text.size() == 10 && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
  };
  if (credentials.topic.empty() || credentials.topic.size() > 255)
    return invalid("topic", "topic is not the bundle id of an app");
  if (credentials.environment != "production" && credentials.environment != "sandbox")
    return invalid("environment", "environment is production or sandbox");
  if (!credentials.certificate.empty()) {
    if (auto fault = crypto::fault_of_identity(credentials.certificate); !fault.empty())
      return invalid("certificate", "certificate: " + fault);
    return std::nullopt;
  }
  if (!identifier(credentials.key_id)) return invalid("keyId", "keyId is not the 10 letters and digits of an APNs key");
  if (!identifier(credentials.team_id)) return invalid("teamId", "teamId is not the 10 letters and digits of a team");
  auto key = crypto::PrivateKey::from_pem(credentials.key);
  if (!key || key->alg() != crypto::Alg::es256)
    return invalid("key", "key is not the text of a .p8 file (a P-256 private key in PEM)");
  return key;
}

Result<std::shared_ptr<Sender>> make(Workshop& workshop, const ApnsCredentials& credentials) {
  HG_TRY(const auto key, read_key(credentials));
  return std::make_shared<Apns>(workshop, credentials, key);
}

}  // namespace hg::push
