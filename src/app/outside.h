// What the identity platform asks of others: the keys of other issuers, and hosts for their proofs. On the background
// loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/context.h"
#include "app/config.h"
#include "identity/external.h"
#include "identity/registry.h"
#include "net/client.h"

namespace hg::app {

class Outside {
 public:
  Outside(boost::asio::any_io_executor loop, identity::Registry& registry, const crypto::SealingKey& key,
          const Clock& clock, const Config& config, std::vector<identity::ExternalIssuer> issuers);

  [[nodiscard]] bool trusts_others() const { return trusts_others_; }
  boost::asio::awaitable<Result<identity::Principal>> admit(std::string token) {
    return issuers_.admit(std::move(token));
  }

  // Asks the host now, and keeps what comes of it. Code::not_found.
  boost::asio::awaitable<Result<api::HostProof>> prove_host(identity::Actor actor, AppId app);

  // Asks hosts again a day after they were last found good; one that has not been for two is unverified. Ends after
  // stop().
  boost::asio::awaitable<void> run();
  void stop();

 private:
  boost::asio::awaitable<std::string> ask_file(std::string host, std::vector<ApplicationId> members);
  boost::asio::awaitable<std::string> ask_dns(std::string host, std::string value);
  boost::asio::awaitable<void> look_again();

  identity::Registry& registry_;
  const crypto::SealingKey key_;
  const Clock& clock_;
  const std::string file_, name_server_;
  const bool trusts_others_;
  net::Client issuers_client_, hosts_client_;
  identity::ExternalIssuers issuers_;
  boost::asio::thread_pool resolver_{1};
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
};

// Those of the configuration. Code::property_invalid.
Result<std::vector<identity::ExternalIssuer>> external_issuers_of(const Config& config);

}  // namespace hg::app
