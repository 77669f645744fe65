#include "net/txt.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include <array>
#include <charconv>
#include <cstring>
#include <span>

namespace hg::net {

namespace {

constexpr std::size_t kLargest = 16 * 1024;
constexpr int kSeconds = 2;
constexpr int kTries = 2;

// The resolver's state, of this call alone.
class Resolver {
 public:
  explicit Resolver(const std::string& server) {
    std::memset(&state_, 0, sizeof state_);
    ready_ = ::res_ninit(&state_) == 0 && (server.empty() || use(server));
    state_.retrans = kSeconds;
    state_.retry = kTries;
  }
  ~Resolver() { ::res_nclose(&state_); }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  int ask(const std::string& name, std::span<unsigned char> answer) {
    return ::res_nquery(&state_, name.c_str(), ns_c_in, ns_t_txt, answer.data(), static_cast<int>(answer.size()));
  }
  [[nodiscard]] int error() const { return state_.res_h_errno; }

 private:
  bool use(const std::string& server) {
    const std::size_t colon = server.rfind(':');
    std::uint16_t port = NS_DEFAULTPORT;
    if (colon != std::string::npos) std::from_chars(server.data() + colon + 1, server.data() + server.size(), port);
    sockaddr_in& address = state_.nsaddr_list[0];
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    state_.nscount = 1;
    return ::inet_pton(AF_INET, server.substr(0, colon).c_str(), &address.sin_addr) == 1;
  }

  struct __res_state state_;
  bool ready_ = false;
};

// RFC 1035 §3.3.14: pieces of up to 255 bytes, each behind its length.
std::string joined(const unsigned char* data, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < size;) {
    const std::size_t length = data[at++];
    if (length > size - at) break;
    text.append(reinterpret_cast<const char*>(data + at), length);
    at += length;
  }
  return text;
}

}  // namespace

std::expected<std::vector<std::string>, std::string> txt_records(const std::string& name, const std::string& server) {
  Resolver resolver(server);
  if (!resolver.ready()) return std::unexpected("no name server is configured");
  std::vector<unsigned char> answer(kLargest);
  const int length = resolver.ask(name, answer);
  if (length < 0) {
    const bool none = resolver.error() == HOST_NOT_FOUND || resolver.error() == NO_DATA;
    return std::unexpected(none ? "the name has no TXT record" : "no name server answered");
  }
  ns_msg message{};
  if (::ns_initparse(answer.data(), std::min(length, static_cast<int>(answer.size())), &message) != 0)
    return std::unexpected("the name server's answer cannot be read");
  std::vector<std::string> all;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) continue;
    if (ns_rr_type(record) == ns_t_txt) all.push_back(joined(ns_rr_rdata(record), ns_rr_rdlen(record)));
  }
  if (all.empty()) return std::unexpected("the name has no TXT record");
  return all;
}

}  // namespace hg::net
