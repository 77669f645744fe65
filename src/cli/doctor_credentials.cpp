// The doctor on what apps show to push platforms, and on the mail relay: each is asked now, all at once, for a bounded
// time.
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <list>

#include "app/deliveries.h"
#include "app/store.h"
#include "cli/doctor.h"
#include "delivery/credentials.h"
#include "delivery/probe.h"
#include "identity/registry.h"
#include "store/credentials.h"
#include "store/cross_device.h"
#include "store/migrate.h"

namespace hg::cli {

namespace {

namespace asio = boost::asio;
using delivery::Probed;
using State = Probed::State;

constexpr std::int64_t kCredentialsSchema = 3;            // the first that has them
constexpr Duration kPatience = std::chrono::seconds(15);  // for all answers
constexpr Duration kFarewell = std::chrono::seconds(5);   // for what was asked to be told that nobody listens

// Asks side by side, each answer kept for whoever asked.
class Questions {
 public:
  explicit Questions(const app::Config& config) : workshop_(loop_.get_executor(), clock_, app::addresses_of(config)) {}

  push::Workshop& workshop() { return workshop_; }

  const Probed& ask(asio::awaitable<Probed> question) {
    auto& answer = answers_.emplace_back(Probed{.reason = "no answer within 15 s"});
    ++left_;
    asio::co_spawn(loop_, std::move(question), [this, &answer](const std::exception_ptr& fault, Probed probed) {
      if (listening_) answer = fault ? Probed{.reason = what(fault)} : std::move(probed);
      if (--left_ == 0) loop_.stop();
    });
    return answer;
  }

  void wait() {
    if (left_ > 0) loop_.run_for(kPatience);
    if (left_ == 0) return;
    listening_ = false;
    workshop_.stop();
    loop_.run_for(kFarewell);
  }

 private:
  static std::string what(const std::exception_ptr& fault) {
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  asio::io_context loop_{1};
  SystemClock clock_;
  push::Workshop workshop_;
  std::list<Probed> answers_;
  std::size_t left_ = 0;
  bool listening_ = true;
};

struct Shown {
  std::vector<store::CrossDeviceApp> apps;
  std::vector<store::Credential> credentials;

  [[nodiscard]] const store::CrossDeviceApp* app(const AppId& id) const {
    const auto found = std::ranges::find(apps, id, &store::CrossDeviceApp::id);
    return found == apps.end() ? nullptr : &*found;
  }
};

Result<Shown> read_shown(const Patient& patient) {
  Shown shown;
  HG_CHECK(app::read_store(patient.config, patient.files, [&](store::Connection& tx) {
    if (store::schema_version(tx) < kCredentialsSchema) return;  // said by the store's line
    shown.apps = store::cross_device::list(tx);
    shown.credentials = store::credentials::list(tx);
  }));
  return shown;
}

// "apns ABC1234567 of app.contoso.com"
std::string named(const store::Credential& one, const store::CrossDeviceApp& app) {
  const std::string which = one.facts.empty() ? "" : " " + one.facts.front().second;
  return fmt::format("{}{} of {}", model::name(one.platform), which, app.host_name);
}

std::string replace(const store::Credential& one, const store::CrossDeviceApp& app) {
  return fmt::format(
      "heliograph credential add-{0} --cross-device {1}, then heliograph credential remove {2} "
      "--cross-device {1}",
      model::name(one.platform), app.host_name, one.id.str());
}

std::string with_advice(const Probed& probed) {
  return probed.advice.empty() ? probed.reason : fmt::format("{}; {}", probed.reason, probed.advice);
}

Finding judge(const store::Credential& one, const store::CrossDeviceApp& app, const Probed& probed) {
  Finding finding{"credentials", Health::ok, named(one, app)};
  const std::string before =
      one.broken_at ? fmt::format("; refused since {}: {}", iso(*one.broken_at), one.broken_reason) : "";
  if (probed.state == State::ok) {
    finding.evidence += one.broken_at ? " is taken again; what waits goes within minutes" : " is taken";
  } else if (probed.state == State::refused) {
    finding.health = Health::fail;
    finding.evidence += " is refused: " + with_advice(probed);
    finding.fix = replace(one, app);
  } else {
    finding.health = one.broken_at ? Health::fail : Health::warn;
    finding.evidence += fmt::format(" could not be tried: {}{}", probed.reason, before);
    finding.fix = !probed.advice.empty() ? probed.advice
                  : one.broken_at        ? replace(one, app)
                                         : "let this machine reach the platform by HTTPS";
  }
  return finding;
}

// As the platforms took them the last time.
Finding remembered(const store::Credential& one, const store::CrossDeviceApp& app) {
  Finding finding{"credentials", Health::ok, named(one, app) + " was not refused when it was last shown"};
  if (!one.broken_at) return finding;
  finding.health = Health::fail;
  finding.evidence = fmt::format("{} is refused since {}: {}", named(one, app), iso(*one.broken_at), one.broken_reason);
  finding.fix = replace(one, app);
  return finding;
}

std::optional<Time> end_of(const store::Credential& one) {
  const auto end =
      std::ranges::find(one.facts, "certificateExpirationDateTime", [](const auto& fact) { return fact.first; });
  return end == one.facts.end() ? std::nullopt : parse_iso(end->second);
}

// What is taken today ends nevertheless.
Finding mind_the_end(Finding finding, const store::Credential& one, const store::CrossDeviceApp& app, Time now) {
  const auto end = end_of(one);
  if (finding.health == Health::fail || !end || *end > now + kSoon) return finding;
  const bool over = *end <= now;
  finding.health = over ? Health::fail : Health::warn;
  finding.evidence += fmt::format("; its certificate {} {}", over ? "ended at" : "ends at", iso(*end));
  finding.fix = replace(one, app);
  return finding;
}

// Web Push goes without credentials, in the name of the app's host.
void check_default_subjects(const Shown& shown, Findings& findings) {
  for (const auto& app : shown.apps) {
    const bool has_own = std::ranges::any_of(shown.credentials, [&](const auto& one) {
      return one.app == app.id && one.platform == model::ChannelKind::webpush;
    });
    const auto judged = delivery::judge_subject(delivery::default_subject(app));
    if (has_own || judged.state == State::ok) continue;
    findings.push_back(
        {"credentials", Health::warn,
         fmt::format("Web Push of {}: some push services refuse its subject: {}", app.host_name, judged.reason),
         judged.advice + " --cross-device " + app.host_name});
  }
}

void judge_relay(const std::string& relay, const Probed& probed, Findings& findings) {
  if (probed.state == State::ok) {
    findings.push_back({"mail relay", Health::ok, relay + " lets us in"});
  } else {
    const bool refused = probed.state == State::refused;
    findings.push_back(
        {"mail relay", refused ? Health::fail : Health::warn,
         fmt::format("{} {}: {}", relay, refused ? "refuses us" : "could not be tried", with_advice(probed)),
         refused ? "set mail.user and mail.password as the relay wants them" : "let this machine reach the relay"});
  }
}

}  // namespace

void check_credentials(const Patient& patient, Findings& findings) {
  if (!has_store(patient)) return;
  const auto read = read_shown(patient);
  if (!read) return;  // said by the store's line
  const Shown& shown = *read;
  const auto key = app::read_sealing_key(patient.config, patient.files);
  const bool asked = !patient.offline && key;  // that the key is missing is said by its own line

  Questions questions(patient.config);
  std::vector<const Probed*> answers;
  if (asked) {
    const auto secret = key->subkey(identity::kPushCredentials);
    for (const auto& one : shown.credentials)
      if (const auto* app = shown.app(one.app))
        answers.push_back(&questions.ask(delivery::probe(questions.workshop(), one, *app, secret)));
    questions.wait();
  }
  const std::size_t before = findings.size();
  for (const auto& one : shown.credentials) {
    const auto* app = shown.app(one.app);
    if (app == nullptr) continue;
    auto finding = asked ? judge(one, *app, *answers.at(findings.size() - before)) : remembered(one, *app);
    findings.push_back(mind_the_end(std::move(finding), one, *app, patient.now));
  }
  if (findings.size() == before)
    findings.push_back({"credentials", Health::ok, "no push platform is configured but Web Push"});
  check_default_subjects(shown, findings);
}

void check_mail_relay(const Patient& patient, Findings& findings) {
  if (patient.config.mail_relay.empty()) return;
  const auto relay = app::mail_relay_of(patient.config);
  if (!relay) {
    findings.push_back(
        {"mail relay", Health::fail, relay.error().message, "set mail.password to file:PATH or env:NAME"});
    return;
  }
  if (patient.offline) return;
  Questions questions(patient.config);
  const auto& answer = questions.ask(delivery::probe(questions.workshop(), *relay));
  questions.wait();
  judge_relay(patient.config.mail_relay, answer, findings);
}

}  // namespace hg::cli
