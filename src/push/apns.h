// Apple Push Notification service: HTTP/2, provider tokens
// (https://developer.apple.com/documentation/usernotifications).
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "crypto/keys.h"
#include "net/client.h"
#include "push/platforms.h"
#include "push/sender.h"

namespace hg::push {

class Workshop;

// The provider token of a team's key, signed again when it has to be and not more often than Apple takes it.
class ApnsToken {
 public:
  static constexpr Duration kLeastAge = std::chrono::minutes(20), kRenewed = std::chrono::minutes(45);

  ApnsToken(crypto::PrivateKey key, std::string key_id, std::string team_id);
  [[nodiscard]] const std::string& key_id() const { return key_id_; }
  const std::string& get(Time now);
  // Apple holds `value` to be too old; false where it is too young for that, so that it is our clock or the key.
  bool expired(const std::string& value, Time now);

 private:
  crypto::PrivateKey key_;
  std::string key_id_, team_id_, value_;
  Time signed_at_{};
};

// Connections of one key or certificate to one environment, as Apple wants them: one request alone until one was taken
// on the connection.
class ApnsLine {
 public:
  // `token` null: `options` have a certificate, which says who we are. `id` tells the one or the other from others.
  ApnsLine(boost::asio::any_io_executor loop, net::ClientOptions options, const std::string& base,
           const std::string& id, std::shared_ptr<ApnsToken> token);

  // With the provider token, if any; once again where it had grown too old. `headers` are without it.
  boost::asio::awaitable<net::Reached<net::Answer>> send(std::string device, net::Headers headers, std::string body,
                                                         const Clock& clock);
  void stop() { client_.stop(); }
  // For the lanes: where it leads, and with what.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] bool proved() const;
  boost::asio::awaitable<net::Reached<net::Answer>> send_once(const net::Ask& ask);

  std::string base_, name_;
  std::shared_ptr<ApnsToken> token_;
  net::Client client_;
  std::uint64_t proved_ = 0;  // the number of the connection on which we were known
  bool proving_ = false;
  std::uint64_t failures_ = 0;
  net::Unreached failure_;
  boost::asio::steady_timer known_;  // its cancellation wakes those who wait for the proof
};

std::string apns_payload(const Message& message);
net::Headers apns_headers(const Message& message, const std::string& topic, Time now);
Verdict judge_apns(const net::Answer& answer);

// Code::property_invalid names the member that cannot be right.
// Nullopt: there is a certificate in its place.
Result<std::optional<crypto::PrivateKey>> read_key(const ApnsCredentials& credentials);
Result<std::shared_ptr<Sender>> make(Workshop& workshop, const ApnsCredentials& credentials);

}  // namespace hg::push
