#include "delivery/probe.h"

#include <algorithm>
#include <array>
#include <vector>

#include "delivery/credentials.h"

namespace hg::delivery {

namespace asio = boost::asio;

namespace {

using model::ChannelKind;
using State = Probed::State;

struct Meaning {
  ChannelKind platform;
  std::string_view reason, advice;
};

constexpr std::array kMeanings{
    Meaning{ChannelKind::apns, "InvalidProviderToken",
            "key, key id and team id do not belong together, or the key was revoked; compare them with Certificates, "
            "Identifiers & Profiles"},
    Meaning{ChannelKind::apns, "BadEnvironmentKeyIdInToken",
            "the key is for Apple's other environment; give --environment as the key has it"},
    Meaning{ChannelKind::apns, "BadCertificate", "the certificate was revoked, or is none for pushes"},
    Meaning{ChannelKind::apns, "BadCertificateEnvironment",
            "the certificate is for Apple's other environment; give --environment as the certificate has it"},
    Meaning{ChannelKind::apns, "CertificateEnded",
            "the certificate has ended; make a new one in Certificates, Identifiers & Profiles"},
    Meaning{ChannelKind::apns, "UnrelatedKeyIdInToken", "two keys of different teams were shown on one connection"},
    Meaning{ChannelKind::apns, "TopicDisallowed", "the key's team may not push to this bundle id; check both"},
    Meaning{ChannelKind::apns, "BadTopic", "the app id is no bundle id of an app that takes pushes"},
    Meaning{ChannelKind::apns, "ExpiredProviderToken", "this machine's clock is wrong"},
    Meaning{ChannelKind::apns, "Forbidden", "the key was revoked, or may not push"},
    Meaning{ChannelKind::fcm, "invalid_grant",
            "the service account's key was revoked or its account removed, or this machine's clock is wrong"},
    Meaning{ChannelKind::fcm, "PERMISSION_DENIED",
            "the service account may not send for the project; it wants the role Firebase Cloud Messaging API Admin, "
            "and the API switched on"},
    Meaning{ChannelKind::fcm, "THIRD_PARTY_AUTH_ERROR", "the APNs key or Web Push key in the Firebase console is bad"},
    Meaning{ChannelKind::wns, "invalid_client", "the client secret is wrong, or has ended"},
    Meaning{ChannelKind::wns, "unauthorized_client", "the tenant does not know the application; check both ids"},
    Meaning{ChannelKind::wns, "invalid_request", "the tenant is unknown; it is the directory's id"},
    Meaning{ChannelKind::email, "535", "mail.user or mail.password is wrong"},
};

std::string advice_for(ChannelKind platform, std::string_view reason) {
  const auto* found = std::ranges::find_if(
      kMeanings, [&](const Meaning& one) { return one.platform == platform && one.reason == reason; });
  return found == kMeanings.end() ? std::string() : std::string(found->advice);
}

Probed judge(ChannelKind platform, const push::Verdict& verdict) {
  if (verdict.delivered()) return {.state = State::ok};
  const bool refused = verdict.outcome == push::Verdict::Outcome::credentials;
  return {.state = refused ? State::refused : State::unknown,
          .reason = verdict.reason,
          .advice = advice_for(platform, verdict.reason)};
}

asio::awaitable<Probed> ask(push::Workshop& fresh, push::Credentials credentials) {
  const auto platform = push::kind_of(credentials);
  const auto sender = push::make_sender(fresh, credentials);
  if (!sender) co_return Probed{.state = State::refused, .reason = sender.error().message};
  push::Message message;
  message.kind = push::Message::Kind::probe;
  co_return judge(platform, co_await (*sender)->send({}, std::move(message)));
}

// What the set serves at Apple: what it names, else all of the app's that it knows.
std::vector<std::string> topics_of(const store::Credential& credential, const store::CrossDeviceApp& app) {
  if (!credential.app_ids.empty()) return credential.app_ids;
  std::vector<std::string> topics;
  for (const auto& [platform, id] : app.platform_ids)
    if (platform == "ios") topics.push_back(id);
  return topics;
}

// A mistake is worse than silence.
bool worse(const Probed& a, const Probed& b) {
  const auto rank = [](State state) { return state == State::refused ? 2 : state == State::unknown ? 1 : 0; };
  return rank(a.state) > rank(b.state);
}

asio::awaitable<Probed> probe_apple(push::Workshop& fresh, const store::Credential& credential,
                                    const store::CrossDeviceApp& app, const crypto::SealingKey& key) {
  const auto topics = topics_of(credential, app);
  if (topics.empty())
    co_return Probed{.reason = "there is no app id to ask Apple for",
                     .advice = "heliograph cross-device add-platform-id " + app.host_name + " ios BUNDLE_ID"};
  Probed worst{.state = State::ok};
  for (const auto& topic : topics) {
    auto probed = co_await ask(fresh, opened(credential, key, topic));
    if (probed.state != State::ok && topics.size() > 1) probed.reason = topic + ": " + probed.reason;
    const bool silent = probed.state == State::unknown;
    if (worse(probed, worst)) worst = std::move(probed);
    if (silent) break;  // others would fare no better
  }
  co_return worst;
}

}  // namespace

std::string_view name(State state) {
  if (state == State::ok) return "ok";
  return state == State::refused ? "refused" : "unknown";
}

asio::awaitable<Probed> probe(push::Workshop& fresh, store::Credential credential, store::CrossDeviceApp app,
                              crypto::SealingKey key) {
  if (credential.platform == ChannelKind::apns) co_return co_await probe_apple(fresh, credential, app, key);
  auto credentials = opened(credential, key);
  if (const auto* web = std::get_if<push::WebPushCredentials>(&credentials)) co_return judge_subject(web->subject);
  co_return co_await ask(fresh, std::move(credentials));
}

asio::awaitable<Probed> probe(push::Workshop& fresh, push::MailRelay relay) {
  co_return co_await ask(fresh, std::move(relay));
}

Probed judge_subject(std::string_view subject) {
  const auto refused = [&](std::string why) {
    return Probed{.state = State::refused,
                  .reason = std::string(subject) + " " + std::move(why),
                  .advice = "heliograph credential add-webpush --subject mailto:push@YOUR.DOMAIN"};
  };
  const bool mail = subject.starts_with("mailto:");
  const auto at = subject.rfind('@');
  if (!mail && !subject.starts_with("https://")) return refused("is neither mailto: nor https:");
  if (mail && at == std::string_view::npos) return refused("names no mailbox");
  auto host = mail ? subject.substr(at + 1) : subject.substr(std::string_view("https://").size());
  host = host.substr(0, host.find_first_of("/:?#"));
  if (!host.contains('.')) return refused("names no domain of the internet");
  for (const std::string_view nobody : {".local", ".localhost", ".internal", ".invalid", ".test"})
    if (host.ends_with(nobody)) return refused("names no domain of the internet");
  return {.state = State::ok};
}

}  // namespace hg::delivery
