#include "net/transfer.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "base/encoding.h"

namespace hg::net {

namespace {

constexpr std::size_t kMostHeaders = 32 * 1024;

long milliseconds(Duration time) { return static_cast<long>(time.count()); }

// A relay on this machine may be spoken to in clear; with any other the mail and the password are read on the way.
long tls_of(const std::string& url) {
  const auto parsed = parse_url(url);
  const bool local = parsed && (parsed->host == "localhost" || parsed->host == "127.0.0.1" || parsed->host == "[::1]");
  return local ? CURLUSESSL_TRY : CURLUSESSL_ALL;
}

std::optional<asio::ip::address> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  asio::ip::address_v6::bytes_type bytes;
  // The structure is longer than the type that libcurl gives it.
  std::memcpy(bytes.data(), reinterpret_cast<const char*>(&address) + offsetof(sockaddr_in6, sin6_addr), bytes.size());
  return asio::ip::address_v6(bytes);
}

Unreached::Why why_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unreached::Why::name;
    case CURLE_COULDNT_CONNECT:
      return Unreached::Why::connect;
    case CURLE_OPERATION_TIMEDOUT:
      return Unreached::Why::time;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_ISSUER_ERROR:
      return Unreached::Why::tls;
    case CURLE_LOGIN_DENIED:
      return Unreached::Why::login;
    default:
      return Unreached::Why::broken;
  }
}

}  // namespace

void check(CURLcode code) {
  if (code != CURLE_OK) throw std::runtime_error(fmt::format("libcurl: {}", curl_easy_strerror(code)));
}

void set_up(CURL* easy, const ClientOptions& options) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_USERAGENT, "Heliograph/" HELIOGRAPH_VERSION);
  set(easy, CURLOPT_PROTOCOLS_STR, options.reach == Reach::internet ? "https,smtp,smtps" : "https,http,smtp,smtps");
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_TIMEOUT_MS, milliseconds(options.time));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_time));
  // libcurl keeps authorities it has read only where they come from one file.
  set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  if (!options.authorities.empty()) set(easy, CURLOPT_CAINFO, options.authorities.c_str());
  if (!options.identity.empty()) {
    curl_blob pem{const_cast<char*>(options.identity.data()), options.identity.size(), CURL_BLOB_COPY};
    set(easy, CURLOPT_SSLCERT_BLOB, &pem);
    set(easy, CURLOPT_SSLKEY_BLOB, &pem);
  }
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(options.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // Rather wait for the first connection than open one for each of many requests at once.
  set(easy, CURLOPT_PIPEWAIT, options.http2 ? 1L : 0L);
}

Transfer::Transfer(Ask ask, const ClientOptions& options, Sockets& sockets, Done done)
    : options_(options), sockets_(sockets), ask_(std::move(ask)), done_(std::move(done)) {}

Transfer::Transfer(Posting posting, const ClientOptions& options, Sockets& sockets, Done done)
    : options_(options),
      sockets_(sockets),
      posting_(std::make_unique<Posting>(std::move(posting))),
      done_(std::move(done)) {}

void Transfer::take(Easy easy) {
  easy_ = std::move(easy);
  set(easy_.get(), CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy_.get(), CURLOPT_ERRORBUFFER, error_);
  set(easy_.get(), CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
  set(easy_.get(), CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(easy_.get(), CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy_.get(), CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy_.get(), CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy_.get(), CURLOPT_WRITEDATA, static_cast<void*>(this));
  posting_ ? set_posting() : set_request();
}

Easy Transfer::release() {
  set(easy_.get(), CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  set(easy_.get(), CURLOPT_MAIL_RCPT, static_cast<curl_slist*>(nullptr));
  set(easy_.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  return std::move(easy_);
}

void Transfer::set_request() {
  CURL* easy = easy_.get();
  const auto add = [&](const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  };
  for (const auto& [name, value] : ask_.headers) add(fmt::format("{}: {}", name, value));
  add("Expect:");
  set(easy, CURLOPT_URL, ask_.url.c_str());
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
  if (ask_.method == "POST" || !ask_.body.empty()) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDS, ask_.body.c_str());
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(ask_.body.size()));
  } else {
    set(easy, CURLOPT_HTTPGET, 1L);
  }
  set(easy, CURLOPT_CUSTOMREQUEST, ask_.method.c_str());
}

void Transfer::set_posting() {
  CURL* easy = easy_.get();
  // With nobody to send to, libcurl only logs in.
  const bool to_somebody = !posting_->to.empty();
  if (to_somebody) recipients_.reset(curl_slist_append(nullptr, fmt::format("<{}>", posting_->to).c_str()));
  set(easy, CURLOPT_URL, posting_->url.c_str());
  set(easy, CURLOPT_USE_SSL, tls_of(posting_->url));
  if (!posting_->user.empty()) {
    set(easy, CURLOPT_USERNAME, posting_->user.c_str());
    set(easy, CURLOPT_PASSWORD, posting_->password.c_str());
  }
  set(easy, CURLOPT_MAIL_FROM, fmt::format("<{}>", posting_->from).c_str());
  set(easy, CURLOPT_MAIL_RCPT, recipients_.get());
  set(easy, CURLOPT_UPLOAD, to_somebody ? 1L : 0L);
  set(easy, CURLOPT_READFUNCTION, &Transfer::on_upload);
  set(easy, CURLOPT_READDATA, static_cast<void*>(this));
  // A connection that is kept would be taken leave of later, when nobody can end the waiting for that.
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, milliseconds(options_.time) / 1000);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(easy, CURLOPT_XFERINFODATA, static_cast<void*>(this));
}

curl_socket_t Transfer::on_open(void* user, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<Transfer*>(user);
  const auto to = address_of(address->addr);
  if (!to || !within(self.options_.reach, *to)) {
    self.refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (made < 0) return CURL_SOCKET_BAD;
  ++self.sockets_.made;
  ++self.sockets_.open;
  return made;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  self.header_bytes_ += line.size();
  if (self.header_bytes_ > kMostHeaders) {
    self.too_much_ = true;
    return 0;
  }
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    self.answer_.headers = {};  // what came before was a 1xx
  } else if (colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    self.answer_.headers.add(line.substr(0, colon), trim(value));
  }
  return line.size();
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<Transfer*>(user);
  const std::size_t length = size * count;
  if (self.answer_.body.size() + length > self.options_.most_body) {
    self.too_much_ = true;
    return 0;
  }
  self.answer_.body.append(data, length);
  return length;
}

// Asked about once a second where libcurl waits; anything but 0 ends it.
int Transfer::on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* abandoned = static_cast<Transfer*>(user)->options_.abandoned;
  return abandoned != nullptr && *abandoned ? 1 : 0;
}

std::size_t Transfer::on_upload(char* into, std::size_t size, std::size_t count, void* user) {
  auto& self = *static_cast<Transfer*>(user);
  const std::string_view rest = std::string_view(self.posting_->text).substr(self.uploaded_);
  const std::size_t length = std::min(rest.size(), size * count);
  std::memcpy(into, rest.data(), length);
  self.uploaded_ += length;
  return length;
}

Unreached Transfer::failure(CURLcode code) const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  Unreached why{.why = why_of(code),
                .what = error_[0] != '\0' ? error_ : curl_easy_strerror(code),
                .status = static_cast<int>(status)};
  if (too_much_) why = {.why = Unreached::Why::size, .what = "the answer is too large", .status = why.status};
  if (refused_address_ && why.why == Unreached::Why::connect)
    why = {.why = Unreached::Why::address, .what = "its address is private", .status = 0};
  return why;
}

void Transfer::finished(CURLcode code) {
  if (code != CURLE_OK) return unreached(failure(code));
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  done_(std::move(answer_));
}

}  // namespace hg::net
