#include "app/outside.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/spawn.h"
#include "identity/host_proof.h"
#include "net/txt.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kBetweenLooks = std::chrono::hours(1);
constexpr Duration kAgain = std::chrono::hours(23);  // and so within a day, by the pause
constexpr Duration kTooLong = std::chrono::hours(48);
constexpr int kOk = 200;

net::ClientOptions for_issuers(const Config& config) {
  net::ClientOptions options;
  options.reach = net::Reach::anywhere;  // the operator has named them
  options.authorities = config.identity_authorities;
  options.time = std::chrono::seconds(3);
  return options;
}

net::ClientOptions for_hosts(const Config& config) {
  net::ClientOptions options;
  options.reach = config.push_loopback ? net::Reach::loopback : net::Reach::internet;
  options.authorities = config.push_authorities;
  options.time = std::chrono::seconds(5);
  return options;
}

net::Ask get(std::string url) {
  net::Ask ask{.method = "GET", .url = std::move(url)};
  ask.headers.add("Accept", "application/json");
  return ask;
}

identity::Fetch fetch_with(net::Client& client) {
  return [&client](std::string url) -> asio::awaitable<std::expected<std::string, std::string>> {
    auto answer = co_await client.send(get(std::move(url)));
    if (!answer) co_return std::unexpected(answer.error().what);
    if (answer->status != kOk) co_return std::unexpected(fmt::format("it answered {}", answer->status));
    co_return std::move(answer->body);
  };
}

std::string with_host(std::string pattern, const std::string& host) {
  const std::string_view place = "{host}";
  if (const std::size_t at = pattern.find(place); at != std::string::npos) pattern.replace(at, place.size(), host);
  return pattern;
}

}  // namespace

Result<std::vector<identity::ExternalIssuer>> external_issuers_of(const Config& config) {
  std::vector<identity::ExternalIssuer> all;
  for (const std::string& text : config.identity_issuers) {
    HG_TRY(auto one, identity::parse_external_issuer(text));
    all.push_back(std::move(one));
  }
  return all;
}

Outside::Outside(asio::any_io_executor loop, identity::Registry& registry, const crypto::SealingKey& key,
                 const Clock& clock, const Config& config, std::vector<identity::ExternalIssuer> issuers)
    : registry_(registry),
      key_(key),
      clock_(clock),
      file_(config.identity_host_file),
      name_server_(config.identity_name_server),
      trusts_others_(!issuers.empty()),
      issuers_client_(loop, for_issuers(config)),
      hosts_client_(loop, for_hosts(config)),
      issuers_(loop, std::move(issuers), fetch_with(issuers_client_), registry, clock),
      timer_(loop) {}

asio::awaitable<std::string> Outside::ask_file(std::string host, std::vector<ApplicationId> members) {
  const auto answer = co_await hosts_client_.send(get(with_host(file_, host)));
  if (!answer) co_return "the file cannot be had: " + answer.error().what;
  if (answer->status != kOk) co_return fmt::format("the file cannot be had: the host answered {}", answer->status);
  co_return identity::judge_host_file(answer->body, members);
}

// On a thread of its own, for the resolver blocks.
asio::awaitable<std::string> Outside::ask_dns(std::string host, std::string value) {
  const auto look = [](std::string name,
                       std::string server) -> asio::awaitable<std::expected<std::vector<std::string>, std::string>> {
    co_return net::txt_records(name, server);
  };
  const auto records = co_await on(resolver_.get_executor(), look(std::move(host), name_server_));
  co_return records ? identity::judge_txt_records(*records, value) : records.error();
}

asio::awaitable<Result<api::HostProof>> Outside::prove_host(identity::Actor actor, AppId id) {
  const auto directory = registry_.directory();
  const auto* app = directory->cross_device_app(id);
  if (app == nullptr) co_return fail(Code::not_found, "no such cross-device app");
  api::HostProof proof;
  proof.file_reason = co_await ask_file(app->host_name, app->members);
  proof.dns_reason = co_await ask_dns(app->host_name, identity::host_proof_value(id, key_));
  proof.verified = proof.file_reason.empty() || proof.dns_reason.empty();
  const bool lasts = app->verified_at && *app->verified_at + kTooLong > clock_.now();
  if (proof.verified || !lasts) HG_CO_CHECK(co_await registry_.set_verified(actor, id, proof.verified));
  co_return proof;
}

asio::awaitable<void> Outside::look_again() {
  const auto directory = registry_.directory();
  for (const auto& [id, app] : directory->cross_device_apps()) {
    if (stopped_ || !app.verified || !app.verified_at || *app.verified_at + kAgain > clock_.now()) continue;
    const auto proof = co_await prove_host({"host verification"}, id);
    if (proof && !proof->verified)
      log::warn("identity", "{} proves itself no longer: {}; {}", app.host_name, proof->file_reason, proof->dns_reason);
  }
}

asio::awaitable<void> Outside::run() {
  while (!stopped_) {
    try {
      co_await look_again();
    } catch (const std::exception& fault) {
      log::error("identity", "hosts cannot be verified again: {}", fault.what());
    }
    if (stopped_) co_return;
    timer_.expires_after(kBetweenLooks);
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void Outside::stop() {
  stopped_ = true;
  timer_.cancel();
  issuers_client_.stop();
  hosts_client_.stop();
}

}  // namespace hg::app
