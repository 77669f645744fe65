// What senders share on one loop. Lives on its thread; stop() before its end.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "crypto/keys.h"
#include "net/client.h"
#include "net/postman.h"
#include "push/lanes.h"
#include "push/platforms.h"
#include "push/provider_token.h"

namespace hg::push {

class ApnsLine;
class ApnsToken;

class Workshop {
 public:
  Workshop(boost::asio::any_io_executor loop, const Clock& clock, Addresses addresses);
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  // What is under way, and what is asked later, is answered `retry`.
  void stop();

  [[nodiscard]] const boost::asio::any_io_executor& loop() const { return loop_; }
  [[nodiscard]] Time now() const { return clock_.now(); }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const Addresses& addresses() const { return addresses_; }
  Lanes& lanes() { return lanes_; }
  net::Client& http2() { return http2_; }
  net::Client& http1() { return http1_; }
  net::Postman& mail() { return mail_; }

  // The same for the same credentials, so that apps that share them share it too; `name` tells them apart.
  std::shared_ptr<ProviderToken> token(const std::string& name, ProviderToken::Fetch fetch);
  // `key` nullopt: by certificate.
  std::shared_ptr<ApnsLine> apns_line(const ApnsCredentials& credentials, const std::optional<crypto::PrivateKey>& key,
                                      bool sandbox);

 private:
  std::shared_ptr<ApnsToken> apns_token(const std::string& name, const ApnsCredentials& credentials,
                                        const crypto::PrivateKey& key);

  boost::asio::any_io_executor loop_;
  const Clock& clock_;
  Addresses addresses_;
  Lanes lanes_;
  net::Client http2_, http1_;
  net::Postman mail_;
  std::map<std::string, std::shared_ptr<ProviderToken>> tokens_;
  std::map<std::string, std::shared_ptr<ApnsToken>> apns_tokens_;
  std::map<std::string, std::shared_ptr<ApnsLine>> apns_lines_;
};

}  // namespace hg::push
