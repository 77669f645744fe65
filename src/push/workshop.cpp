#include "push/workshop.h"

#include "crypto/hash.h"
#include "push/apns.h"

namespace hg::push {

namespace {

net::ClientOptions options_of(const Addresses& addresses) {
  net::ClientOptions options;
  options.reach = addresses.loopback ? net::Reach::loopback : net::Reach::internet;
  options.authorities = addresses.authorities;
  return options;
}

net::ClientOptions http1_options(const Addresses& addresses) {
  auto options = options_of(addresses);
  options.http2 = false;
  options.connections_a_host = 32;
  return options;
}

// A relay is named by the operator, and often stands in the same private network.
net::ClientOptions mail_options(const Addresses& addresses) {
  auto options = http1_options(addresses);
  options.reach = net::Reach::anywhere;
  options.connections_a_host = 8;
  options.time = std::chrono::seconds(30);
  return options;
}

// Tells credentials apart without holding them.
std::string print_of(std::string_view secret) { return hex(crypto::sha256(secret)).substr(0, 16); }

}  // namespace

Workshop::Workshop(boost::asio::any_io_executor loop, const Clock& clock, Addresses addresses)
    : loop_(std::move(loop)),
      clock_(clock),
      addresses_(std::move(addresses)),
      lanes_(loop_, clock),
      http2_(loop_, options_of(addresses_)),
      http1_(loop_, http1_options(addresses_)),
      mail_(mail_options(addresses_)) {}

Workshop::~Workshop() = default;

void Workshop::stop() {
  for (net::Client* client : {&http2_, &http1_}) client->stop();
  mail_.stop();
  for (auto& [name, line] : apns_lines_) line->stop();
}

std::shared_ptr<ProviderToken> Workshop::token(const std::string& name, ProviderToken::Fetch fetch) {
  auto& token = tokens_[print_of(name)];
  if (!token) token = std::make_shared<ProviderToken>(loop_, clock_, std::move(fetch));
  return token;
}

std::shared_ptr<ApnsLine> Workshop::apns_line(const ApnsCredentials& credentials,
                                              const std::optional<crypto::PrivateKey>& key, bool sandbox) {
  const std::string id = key ? credentials.key_id : "certificate " + print_of(credentials.certificate);
  const std::string name = key ? credentials.team_id + '/' + id + '/' + print_of(credentials.key) : id;
  auto& line = apns_lines_[name + (sandbox ? "/sandbox" : "")];
  if (line) return line;
  auto options = options_of(addresses_);
  options.connections_a_host = 1;
  options.identity = credentials.certificate;
  line = std::make_shared<ApnsLine>(loop_, std::move(options), sandbox ? addresses_.apns_sandbox : addresses_.apns, id,
                                    key ? apns_token(name, credentials, *key) : nullptr);
  return line;
}

// One for both environments: Apple counts how often a key signs.
std::shared_ptr<ApnsToken> Workshop::apns_token(const std::string& name, const ApnsCredentials& credentials,
                                                const crypto::PrivateKey& key) {
  auto& token = apns_tokens_[name];
  if (!token) token = std::make_shared<ApnsToken>(key, credentials.key_id, credentials.team_id);
  return token;
}

}  // namespace hg::push
