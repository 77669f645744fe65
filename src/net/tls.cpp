#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "base/encoding.h"

namespace hg::net {

namespace {

// As ALPN writes them, by Protocols.
constexpr std::array<std::string_view, 3> kProtocols{"\x08http/1.1", "\x02h2", "\x02h2\x08http/1.1"};

// A client that offers only other protocols is refused rather than guessed at (RFC 7301 §3.2).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void* protocols) {
  unsigned char* chosen = nullptr;
  const auto& all = *static_cast<const std::string_view*>(protocols);
  const auto* ours = reinterpret_cast<const unsigned char*>(all.data());
  if (SSL_select_next_proto(&chosen, length, ours, static_cast<unsigned>(all.size()), offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Asks for a certificate and takes any. Sessions that are resumed bring theirs along, for which they must have a
// context.
void ask_for_certificate(SSL_CTX* context) {
  constexpr std::string_view name = "heliograph";
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(name.data()), name.size());
}

std::string last_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

Result<std::shared_ptr<ssl_ctx_st>> make_context(const std::string& certificate_file, const std::string& key_file,
                                                 Protocols protocols, Clients clients) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(Code::internal, "TLS: " + last_error());
  auto* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets resume without memory of ours
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_max_early_data(raw, 0);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol,
                             const_cast<std::string_view*>(&kProtocols.at(static_cast<std::size_t>(protocols))));
  if (clients == Clients::asked) ask_for_certificate(raw);
  if (SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return fail(Code::property_invalid, certificate_file + " is no readable PEM certificate: " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return fail(Code::property_invalid, key_file + " is not the key of " + certificate_file + ": " + last_error());
  }
  return context;
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Io TlsSession::state_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Io::done;
    case SSL_ERROR_WANT_READ:
      return Io::wait_read;
    case SSL_ERROR_WANT_WRITE:
      return Io::wait_write;
    case SSL_ERROR_ZERO_RETURN:
      return Io::closed;
    default:
      broken_ = true;
      return Io::closed;
  }
}

Io TlsSession::handshake() {
  ERR_clear_error();
  return state_of(SSL_accept(ssl_.get()));
}

Moved TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto state = state_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes));
  return {state, bytes};
}

Moved TlsSession::write(std::string_view text) {
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto state = state_of(SSL_write_ex(ssl_.get(), text.data(), text.size(), &bytes));
  return {state, bytes};
}

void TlsSession::shutdown() {
  ERR_clear_error();
  if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());  // close_notify, if it fits
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TlsSession::peer_certificate() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return "";
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) throw std::bad_alloc();
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

TlsContext::TlsContext(std::string certificate_file, std::string key_file, Protocols protocols, Clients clients,
                       Stamp stamp, std::shared_ptr<ssl_ctx_st> context)
    : certificate_file_(std::move(certificate_file)),
      key_file_(std::move(key_file)),
      protocols_(protocols),
      clients_(clients),
      read_(stamp),
      seen_(stamp),
      context_(std::make_shared<const std::shared_ptr<ssl_ctx_st>>(std::move(context))) {}

Result<std::shared_ptr<TlsContext>> TlsContext::load(std::string certificate_file, std::string key_file,
                                                     Protocols protocols, Clients clients) {
  const auto stamp = stamp_of(certificate_file, key_file);
  HG_TRY(auto context, make_context(certificate_file, key_file, protocols, clients));
  return std::shared_ptr<TlsContext>(
      new TlsContext(std::move(certificate_file), std::move(key_file), protocols, clients, stamp, std::move(context)));
}

TlsContext::Stamp TlsContext::stamp_of(const std::string& certificate_file, const std::string& key_file) {
  Stamp stamp;
  auto* number = stamp.numbers.begin();
  for (const std::string* file : {&certificate_file, &key_file}) {
    struct stat info{};
    if (::stat(file->c_str(), &info) != 0) info = {};
    for (const std::int64_t one :
         {static_cast<std::int64_t>(info.st_ino), static_cast<std::int64_t>(info.st_size),
          static_cast<std::int64_t>(info.st_mtim.tv_sec), static_cast<std::int64_t>(info.st_mtim.tv_nsec)})
      *number++ = one;
  }
  return stamp;
}

std::optional<Result<void>> TlsContext::refresh() {
  const auto now = stamp_of(certificate_file_, key_file_);
  const bool stands_still = std::exchange(seen_, now) == now;
  if (now == read_ || !stands_still) return std::nullopt;
  return reload();
}

Result<void> TlsContext::reload() {
  read_ = seen_ = stamp_of(certificate_file_, key_file_);
  HG_TRY(auto context, make_context(certificate_file_, key_file_, protocols_, clients_));
  context_.store(std::make_shared<const std::shared_ptr<ssl_ctx_st>>(std::move(context)));
  return {};
}

std::unique_ptr<TlsSession> TlsContext::accept(int descriptor) const {
  auto* ssl = SSL_new(context_.load()->get());
  if (ssl == nullptr) throw std::bad_alloc();
  std::unique_ptr<TlsSession> session(new TlsSession(ssl));
  SSL_set_fd(ssl, descriptor);
  return session;
}

std::string websocket_accept(std::string_view key) {
  const auto text = std::string(key).append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<std::byte, 20> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &length, EVP_sha1(), nullptr);
  return base64(digest);
}

}  // namespace hg::net
