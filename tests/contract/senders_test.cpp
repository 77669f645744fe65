// What every Sender owes, against a platform as strict as the real one (heliograph-pushsim).
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>

#include "crypto/certificate.h"
#include "crypto/keys.h"
#include "push/workshop.h"
#include "simulator.h"

namespace hg::push {

namespace {

using Kind = Message::Kind;
using Outcome = Verdict::Outcome;

Simulator& simulator() {
  static Simulator one;
  return one;
}

std::string text(const json::object& object, const char* name) { return std::string(object.at(name).as_string()); }

Credentials apns_credentials() {
  const auto& app = simulator().app("apns");
  return ApnsCredentials{.key = text(app, "privateKey"),
                         .key_id = text(app, "keyId"),
                         .team_id = text(app, "teamId"),
                         .topic = std::string(app.at("topics").at(0).as_string())};
}
ApnsCredentials by_certificate(const json::object& app) {
  return {.certificate = text(app, "certificate"), .topic = std::string(app.at("topics").at(0).as_string())};
}
Credentials apns_certificate_credentials() { return by_certificate(simulator().app("apns", 1)); }
Credentials fcm_credentials() { return FcmCredentials{json::serialize(simulator().app("fcm").at("serviceAccount"))}; }
Credentials wns_store_credentials() {
  const auto& app = simulator().app("wns", 0);
  return WnsCredentials{text(app, "packageSid"), text(app, "clientSecret"), ""};
}
Credentials wns_entra_credentials() {
  const auto& app = simulator().app("wns", 1);
  return WnsCredentials{text(app, "clientId"), text(app, "clientSecret"), text(app, "tenantId")};
}
Credentials webpush_credentials() {
  const auto& app = simulator().app("webPush");
  const auto der = crypto::PrivateKey::from_pem(text(app, "privateKeyPem")).value().der();
  return WebPushCredentials{{std::string(as_text(der))}, text(app, "subject")};
}
Credentials mail_credentials() {
  const auto& app = simulator().app("email");
  return MailRelay{"smtp://" + text(app, "server"), text(app, "user"), text(app, "password"), "push@example.com",
                   "Push"};
}

// One platform, as the tests see it.
struct Case {
  std::string name;
  std::string platform;  // as the simulator calls it
  std::function<Credentials()> credentials;
  std::function<std::string(const json::object& endpoint)> address;
  json::object wish = {};
  int token_requests = 0;  // that many sends need
  Kind kind = Kind::raw;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const std::vector<Case>& cases() {
  const auto member = [](const char* name) { return [name](const json::object& one) { return text(one, name); }; };
  static const std::vector<Case> all{
      {.name = "apns", .platform = "apns", .credentials = apns_credentials, .address = member("token")},
      {.name = "apns_certificate",
       .platform = "apns",
       .credentials = apns_certificate_credentials,
       .address = member("token")},
      {.name = "fcm",
       .platform = "fcm",
       .credentials = fcm_credentials,
       .address = member("token"),
       .token_requests = 1},
      {.name = "fcm_fid",
       .platform = "fcm",
       .credentials = fcm_credentials,
       .address = member("fid"),
       .token_requests = 1},
      {.name = "wns_store",
       .platform = "wns",
       .credentials = wns_store_credentials,
       .address = member("channelUri"),
       .token_requests = 1},
      {.name = "wns_entra",
       .platform = "wns",
       .credentials = wns_entra_credentials,
       .address = member("channelUri"),
       .token_requests = 1},
      {.name = "webpush",
       .platform = "webPush",
       .credentials = webpush_credentials,
       .address =
           [](const json::object& one) {
             return json::serialize(json::object{{"endpoint", one.at("endpoint")}, {"keys", one.at("keys")}});
           }},
      {.name = "email",
       .platform = "email",
       .credentials = mail_credentials,
       .address = member("address"),
       .kind = Kind::mail},
  };
  return all;
}

class Senders : public testing::TestWithParam<Case> {
 protected:
  Senders() {
    simulator().call("DELETE", "/faults");
    simulator().call("DELETE", "/received");
    json::object wish{{"platform", GetParam().platform}};
    if (GetParam().name == "wns_entra") wish["app"] = simulator().app("wns", 1).at("clientId");
    endpoint_ = simulator().endpoint(std::move(wish));
    sender_ = sender(GetParam().credentials());
  }
  ~Senders() override { workshop_.stop(); }

  static Addresses addresses() {
    Simulator& sim = simulator();
    return {.apns = sim.address("apns"),
            .apns_sandbox = sim.address("apnsSandbox"),
            .fcm = sim.address("https"),
            .wns_store_token = sim.address("https") + "/accesstoken.srf",
            .wns_entra = sim.address("https"),
            .loopback = true,
            .authorities = sim.authority()};
  }
  std::shared_ptr<Sender> sender(const Credentials& credentials) { return make_sender(workshop_, credentials).value(); }
  [[nodiscard]] model::Channel channel() const {
    return {.kind = kind_of(GetParam().credentials()),
            .address = GetParam().address(endpoint_),
            .environment = {},
            .application_server_key = {}};
  }
  [[nodiscard]] static bool mail() { return GetParam().kind == Kind::mail; }

  static Message message(Kind kind, const std::string& id = "119081f2-0000-4000-8000-000000000001") {
    return {.kind = kind,
            .id = id,
            .app_notification_id = "order-7",
            .group = "Bestellungen & mehr",
            .title = "Grüße",
            .body = "Notifications are <Great>!",
            .ttl = std::chrono::hours(1),
            .signal = {.base_etag = "a",
                       .new_etag = "b",
                       .cv = "c.0",
                       .subscription_id = "s",
                       .unread = 3,
                       .ticket = "t",
                       .activities = {R"({"id":")" + id + R"(","title":"Grüße"})"}},
            .mail = {.subject = "Grüße", .body = "<p>Notifications are <b>Great</b>!</p>", .html = true}};
  }
  Verdict send(const Message& message) { return simulator().run(sender_->send(channel(), message)); }
  Verdict send() { return send(message(GetParam().kind)); }
  std::vector<Verdict> send_many(int count) {
    std::vector<Verdict> verdicts;
    for (int i = 0; i < count; ++i)
      asio::co_spawn(simulator().loop, sender_->send(channel(), message(GetParam().kind)),
                     [&](const std::exception_ptr&, Verdict verdict) { verdicts.push_back(std::move(verdict)); });
    simulator().loop.restart();
    while (verdicts.size() < static_cast<std::size_t>(count) && simulator().loop.run_one() > 0) {
    }
    return verdicts;
  }
  void fault(json::object wish) {
    wish["platform"] = GetParam().platform;
    simulator().call("POST", "/faults", wish);
  }
  static std::string told(const Verdict& verdict) {
    return std::string(name(verdict.outcome)) + (verdict.reason.empty() ? "" : ": " + verdict.reason);
  }
  // The signal of the last push that came.
  static json::object signal() {
    const auto came = simulator().received("kind=push&outcome=accepted").back().as_object();
    if (const auto* web = came.if_contains("messageJson")) return web->as_object();
    if (const auto* raw = came.if_contains("payloadJson")) return raw->as_object();
    return came.at("body").at("message").at("data").as_object();
  }
  // What the simulator found wrong with what it got; "" where it took everything.
  static std::string problems() {
    std::string all;
    for (const auto& one : simulator().received("outcome=refused")) all += json::serialize(one) + '\n';
    return all;
  }

  SystemClock clock_;
  Workshop workshop_{simulator().loop.get_executor(), clock_, addresses()};
  json::object endpoint_;
  std::shared_ptr<Sender> sender_;
};

std::vector<Case> only(const std::function<bool(const Case&)>& those) {
  std::vector<Case> chosen;
  std::ranges::copy_if(cases(), std::back_inserter(chosen), those);
  return chosen;
}
constexpr auto kName = [](const auto& one) { return one.param.name; };

class Pushing : public Senders {};     // to devices
class Throttling : public Senders {};  // that say for how long
class Fetching : public Senders {};    // tokens of a token service
class Credible : public Senders {};    // by credentials that somebody gave
INSTANTIATE_TEST_SUITE_P(Every, Senders, testing::ValuesIn(cases()), kName);
INSTANTIATE_TEST_SUITE_P(Every, Pushing, testing::ValuesIn(only([](auto& one) { return one.kind != Kind::mail; })),
                         kName);
INSTANTIATE_TEST_SUITE_P(Every, Throttling, testing::ValuesIn(only([](auto& one) {
                           return one.kind != Kind::mail && one.platform != "apns";
                         })),
                         kName);
INSTANTIATE_TEST_SUITE_P(Every, Fetching, testing::ValuesIn(only([](auto& one) { return one.token_requests > 0; })),
                         kName);
INSTANTIATE_TEST_SUITE_P(Every, Credible, testing::ValuesIn(only([](auto& one) { return one.name != "webpush"; })),
                         kName);

TEST_P(Senders, take_every_kind_of_message_to_the_device) {
  ASSERT_TRUE(sender_->check(channel()));
  const auto kinds = mail() ? std::vector{Kind::mail} : std::vector{Kind::visual, Kind::raw, Kind::change};
  for (const Kind kind : kinds) EXPECT_EQ(told(send(message(kind))), "delivered");

  EXPECT_EQ(problems(), "");
  const auto came = simulator().received("kind=push&outcome=accepted");
  ASSERT_EQ(came.size(), kinds.size());
  for (const auto& one : came) EXPECT_TRUE(json::serialize(one).contains("119081f2-0000-4000-8000-000000000001"));
  EXPECT_TRUE(json::serialize(came.front()).contains("Grüße"));
}

TEST_P(Pushing, send_what_is_too_large_for_the_platform_in_a_form_that_fits) {
  for (const Kind kind : {Kind::visual, Kind::raw, Kind::change}) {
    auto large = message(kind);
    large.body = std::string(8000, '<');
    large.signal.activities.push_back('"' + std::string(8000, 'x') + '"');
    EXPECT_EQ(told(send(large)), "delivered");
  }
  EXPECT_EQ(problems(), "");
}

TEST_P(Pushing, carry_every_member_of_the_signal_as_the_platform_takes_it) {
  const bool texts = GetParam().platform == "fcm";
  auto raw = message(Kind::raw);
  raw.signal.expiring = Time{std::chrono::seconds(1'900'000'000)};
  EXPECT_EQ(told(send(raw)), "delivered");

  auto came = signal();
  json::object wanted{{"changeType", "afsChange"}, {"baseETag", "a"}, {"newETag", "b"}, {"cV", "c.0"},
                      {"subscriptionId", "s"},     {"unread", 3},     {"ticket", "t"}};
  wanted["activities"] = json::array{parse_json(raw.signal.activities.front()).value()};
  wanted["subscription"] = {{"state", "expiring"}, {"expirationDateTime", "2030-03-17T17:46:40.000Z"}};
  if (texts) {
    for (const char* member : {"unread", "activities", "subscription"})
      came[member] = parse_json(came.at(member).as_string()).value();
    wanted["heliograph"] = "1";
  }
  if (GetParam().platform == "apns") wanted["aps"] = {{"content-available", 1}};
  EXPECT_EQ(json::value(came), json::value(wanted));
}

TEST_P(Pushing, count_the_ticket_in_what_the_platform_takes) {
  auto one = message(Kind::raw);
  one.signal.ticket = std::string(131, 't');
  one.signal.base_etag = one.signal.new_etag = std::string(28, 'e');
  one.signal.subscription_id = std::string(36, 's');
  std::size_t fits = 0, too_long = 8000;
  while (too_long - fits > 1) {
    const std::size_t middle = fits + (too_long - fits) / 2;
    one.signal.activities = {'"' + std::string(middle, 'x') + '"'};
    simulator().call("DELETE", "/received");
    ASSERT_EQ(told(send(one)), "delivered");
    const auto came = signal();
    EXPECT_EQ(came.at("ticket").as_string().size(), 131U);
    (came.at("changeType") == "afsChange" ? fits : too_long) = middle;
  }
  EXPECT_GT(fits, traits(channel().kind).most_payload - 900);
}

TEST_P(Pushing, a_signal_that_says_no_more_than_that_something_changed) {
  auto change = message(Kind::change, "");
  change.signal.contents = false;
  change.signal.expiring = Time{std::chrono::seconds(1'900'000'000)};
  EXPECT_EQ(told(send(change)), "delivered");
  EXPECT_EQ(problems(), "");
}

TEST_P(Senders, fetch_one_token_and_share_connections_for_many) {
  const auto verdicts = send_many(40);

  for (const auto& verdict : verdicts) EXPECT_EQ(told(verdict), "delivered");
  EXPECT_EQ(problems(), "");
  EXPECT_EQ(simulator().received("kind=push&outcome=accepted").size(), 40U);
  EXPECT_EQ(simulator().received("kind=token").size(), static_cast<std::size_t>(GetParam().token_requests));
}

TEST_P(Pushing, wait_for_no_mail_relay_that_keeps_silent) {
  simulator().call("POST", "/faults", {{"platform", "email"}, {"fault", "hang"}, {"times", 1}});
  const auto mailer = sender(only([](auto& one) { return one.kind == Kind::mail; }).front().credentials());
  bool mailed = false;
  model::Channel somebody;
  somebody.kind = model::ChannelKind::email;
  somebody.address = "somebody@example.com";
  asio::co_spawn(simulator().loop, mailer->send(somebody, message(Kind::mail)),
                 [&](const std::exception_ptr&, Verdict) { mailed = true; });
  while (simulator().received("platform=email").empty()) {
  }

  EXPECT_EQ(told(send()), "delivered");

  EXPECT_FALSE(mailed);
  workshop_.stop();
  simulator().loop.restart();
  while (!mailed) simulator().loop.run_one();
}

TEST_P(Pushing, find_out_that_a_device_is_gone) {
  simulator().call("PATCH", "/endpoints/" + GetParam().platform + '/' + percent_encode(text(endpoint_, "id")),
                   {{"state", "gone"}});
  const auto verdict = send();
  EXPECT_EQ(verdict.outcome, Outcome::gone) << verdict.reason;
  EXPECT_FALSE(verdict.reason.empty());
}

TEST_P(Senders, try_again_later_where_the_platform_fails) {
  for (const json::object& wish :
       {json::object{{"fault", "status"}, {"status", 503}, {"times", 1}}, json::object{{"fault", "html"}, {"times", 1}},
        json::object{{"fault", "reset"}, {"times", 1}}, json::object{{"fault", "garbage"}, {"times", 1}}}) {
    if (mail() && wish.at("fault") == "html") continue;
    fault(wish);
    const auto verdict = send();
    // A connection that was cut before it answered may have been tried again at once.
    if (wish.at("fault") == "status" || wish.at("fault") == "html")
      EXPECT_EQ(verdict.outcome, Outcome::retry) << wish << verdict.reason;
    else
      EXPECT_TRUE(verdict.outcome == Outcome::retry || verdict.delivered()) << wish << verdict.reason;
    if (verdict.outcome == Outcome::retry && !mail()) EXPECT_TRUE(verdict.everywhere) << wish << verdict.reason;
  }
  simulator().call("DELETE", "/faults");
  EXPECT_EQ(told(send()), "delivered");
}

TEST_P(Throttling, wait_as_long_as_the_platform_says) {
  fault({{"fault", "status"}, {"status", GetParam().platform == "wns" ? 406 : 429}, {"retryAfter", 7}, {"times", 1}});
  const auto verdict = send();
  EXPECT_EQ(verdict.outcome, Outcome::retry) << verdict.reason;
  EXPECT_EQ(verdict.retry_after, std::chrono::seconds(7));
}

TEST_P(Pushing, go_on_after_a_server_went_away) {
  EXPECT_EQ(told(send()), "delivered");
  simulator().call("POST", "/goaway", {{"reason", "Shutdown"}});
  EXPECT_EQ(told(send()), "delivered");
  EXPECT_EQ(problems(), "");
}

TEST_P(Fetching, renew_a_token_that_is_no_longer_taken) {
  EXPECT_EQ(told(send()), "delivered");
  simulator().call("DELETE", "/tokens");
  EXPECT_EQ(told(send()), "delivered");
  EXPECT_EQ(simulator().received("kind=token").size(), 2U);
}

TEST_P(Senders, ask_a_platform_that_is_down_no_more_than_it_bears) {
  fault({{"fault", "status"}, {"status", 503}});
  for (int i = 0; i < 30; ++i) EXPECT_EQ(send().outcome, Outcome::retry);
  EXPECT_LE(simulator().received("kind=push").size(), mail() ? 30U : 6U);
}

TEST_P(Senders, tell_whether_credentials_are_taken_without_anybody_noticing) {
  EXPECT_EQ(told(send({.kind = Kind::probe})), "delivered");
  for (const auto& one : simulator().received("kind=push")) EXPECT_NE(one.at("outcome"), "accepted");
}

struct Wrong {
  Credentials operator()(ApnsCredentials one) const {
    if (!one.certificate.empty()) one.certificate = crypto::make_identity("nobody");
    one.key_id = "ABCDEFGHIJ";
    return one;
  }
  Credentials operator()(const FcmCredentials& one) const {
    auto account = parse_json(one.service_account).value();
    account.as_object()["client_email"] = "somebody@else.example";
    return FcmCredentials{json::serialize(account)};
  }
  Credentials operator()(WnsCredentials one) const {
    one.client_secret = "wrong";
    return one;
  }
  Credentials operator()(WebPushCredentials one) const { return one; }
  Credentials operator()(MailRelay one) const {
    one.password = "wrong";
    return one;
  }
};

TEST_P(Credible, say_that_credentials_are_not_taken) {
  sender_ = sender(std::visit(Wrong(), GetParam().credentials()));
  const auto sent = send(), probed = send({.kind = Kind::probe});
  EXPECT_EQ(sent.outcome, Outcome::credentials) << sent.reason;
  EXPECT_EQ(probed.outcome, Outcome::credentials) << probed.reason;
  EXPECT_TRUE(sent.alarm);
}

class Withdrawing : public Senders {};
INSTANTIATE_TEST_SUITE_P(Every, Withdrawing, testing::ValuesIn(only([](auto& one) { return one.name == "webpush"; })),
                         kName);

TEST_P(Withdrawing, a_message_that_waits_is_taken_back) {
  const std::string path = "/endpoints/webPush/" + text(endpoint_, "id");
  simulator().call("PATCH", path, {{"online", false}});
  const auto sent = send();
  ASSERT_TRUE(sent.delivered());
  ASSERT_NE(sent.location, "");

  Message withdrawal{.kind = Kind::withdrawal};
  withdrawal.location = sent.location;
  EXPECT_EQ(told(send(withdrawal)), "delivered");
  EXPECT_EQ(send(withdrawal).outcome, Outcome::rejected);
}

class Environments : public Senders {};
INSTANTIATE_TEST_SUITE_P(Every, Environments, testing::ValuesIn(only([](auto& one) { return one.platform == "apns"; })),
                         kName);

TEST_P(Environments, a_token_of_the_other_environment_is_found_out) {
  endpoint_ = simulator().endpoint({{"platform", "apns"}, {"environment", "sandbox"}});
  const auto sent = send();
  EXPECT_EQ(told(sent), "delivered");
  EXPECT_EQ(sent.environment, "sandbox");

  auto nobody = channel();
  nobody.address = std::string(64, 'a');
  EXPECT_EQ(simulator().run(sender_->send(nobody, message(Kind::raw))).outcome, Outcome::gone);
}

class ByCertificate : public Senders {};
INSTANTIATE_TEST_SUITE_P(Every, ByCertificate,
                         testing::ValuesIn(only([](auto& one) { return one.name == "apns_certificate"; })), kName);

TEST_P(ByCertificate, no_token_is_sent_and_each_certificate_has_connections_of_its_own) {
  const auto other = simulator().call("POST", "/apps", {{"platform", "apns"}, {"certificate", true}}).as_object();
  const auto others = sender(by_certificate(other)), by_key = sender(apns_credentials());
  for (int round = 0; round < 2; ++round)
    for (const auto& one : {sender_, others, by_key})
      EXPECT_EQ(told(simulator().run(one->send(channel(), message(Kind::raw)))), "delivered");

  EXPECT_EQ(problems(), "");
  std::vector<std::string> shown;
  for (const auto& one : simulator().received("kind=push")) {
    const auto& came = one.as_object();
    EXPECT_NE(came.contains("certificate"), came.contains("providerToken"));
    shown.push_back(came.contains("certificate") ? text(came, "certificate") : "");
  }
  const std::string first = text(simulator().app("apns", 1), "id"), second = text(other, "id");
  EXPECT_EQ(shown, (std::vector<std::string>{first, second, "", first, second, ""}));
}

TEST_P(ByCertificate, one_of_the_other_environment_only_is_not_taken) {
  const auto other =
      simulator()
          .call("POST", "/apps", {{"platform", "apns"}, {"certificate", true}, {"environment", "sandbox"}})
          .as_object();
  sender_ = sender(by_certificate(other));
  EXPECT_EQ(told(send()), "credentials: BadCertificateEnvironment");
}

}  // namespace
}  // namespace hg::push
