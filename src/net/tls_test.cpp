#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "net/certificate_for_tests.h"
#include "net/server_for_tests.h"

namespace hg::net {
namespace {

// Of a client: what it presents, and the session that it wants to go on with.
struct Own {
  const Certificate* certificate = nullptr;
  SSL_SESSION* session = nullptr;
};

// A blocking TLS client that trusts anybody.
class TlsPeer {
 public:
  explicit TlsPeer(std::uint16_t port, int newest = 0, std::string_view protocols = "", Own own = {})
      : peer_(port), context_(SSL_CTX_new(TLS_client_method())) {
    if (newest != 0) SSL_CTX_set_max_proto_version(context_.get(), newest);
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_cipher_list(context_.get(), "ALL");
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
    if (own.certificate != nullptr) {
      SSL_use_certificate_file(ssl_.get(), own.certificate->certificate_file().c_str(), SSL_FILETYPE_PEM);
      SSL_use_PrivateKey_file(ssl_.get(), own.certificate->key_file().c_str(), SSL_FILETYPE_PEM);
    }
    if (own.session != nullptr) SSL_set_session(ssl_.get(), own.session);
    SSL_set_fd(ssl_.get(), peer_.descriptor());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  [[nodiscard]] std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  [[nodiscard]] std::string name() const {
    const std::unique_ptr<X509, Releaser<X509_free>> certificate(SSL_get1_peer_certificate(ssl_.get()));
    char text[64];
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, text, sizeof text);
    return text;
  }
  using Session = std::unique_ptr<SSL_SESSION, Releaser<SSL_SESSION_free>>;
  [[nodiscard]] Session session() const { return Session(SSL_get1_session(ssl_.get())); }
  [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* text = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &text, &size);
    return {reinterpret_cast<const char*>(text), size};
  }
  TlsPeer& say(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    return *this;
  }
  std::string hear_exactly(std::size_t size) {
    while (heard_.size() < size) {
      char bytes[16384];
      const auto count = SSL_read(ssl_.get(), bytes, sizeof bytes);
      if (count <= 0) break;
      heard_.append(bytes, static_cast<std::size_t>(count));
    }
    auto text = heard_.substr(0, size);
    heard_.erase(0, text.size());
    return text;
  }
  std::string hear_until(std::string_view end) {
    std::string text;
    while (!text.ends_with(end)) {
      const auto byte = hear_exactly(1);
      if (byte.empty()) break;
      text += byte;
    }
    return text;
  }

 private:
  Peer peer_;
  std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Releaser<SSL_free>> ssl_;
  bool connected_ = false;
  std::string heard_;
};

asio::awaitable<Response> echo_scheme(Request& request) {
  Response response;
  response.body = request.scheme + request.body;
  if (request.path == "/live") {
    response.become = Response::Become::websocket;
    response.live = [](const std::shared_ptr<Live>& live) {
      live->on_message = [raw = live.get()](std::string_view text) { raw->send(text); };
    };
  }
  co_return response;
}

class Tls : public testing::Test {
 protected:
  Certificate certificate_{"first"};
  std::shared_ptr<TlsContext> context_ = *TlsContext::load(certificate_.certificate_file(), certificate_.key_file());
  TestServer server_{echo_scheme, limits(), context_};

  static ServerLimits limits() {
    ServerLimits limits;
    limits.body = 1 << 20;
    return limits;
  }
};

TEST_F(Tls, carries_requests) {
  TlsPeer peer(server_.port());
  ASSERT_TRUE(peer.connected());
  EXPECT_EQ(peer.version(), "TLSv1.3");
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(peer.say(post("/", "body")).hear_until("\r\n\r\n").contains("Content-Length: 9\r\n"));
    EXPECT_EQ(peer.hear_exactly(9), "httpsbody");
  }
}

TEST_F(Tls, carries_bodies_of_many_records) {
  TlsPeer peer(server_.port());
  const std::string body(1 << 20, 'x');
  peer.say(post("/", body)).hear_until("\r\n\r\n");
  EXPECT_EQ(peer.hear_exactly(body.size() + 5), "https" + body);
}

TEST_F(Tls, speaks_nothing_older_than_1_2_and_only_modern_ciphers) {
  TlsPeer modern(server_.port(), TLS1_2_VERSION);
  ASSERT_TRUE(modern.connected());
  EXPECT_TRUE(modern.cipher().starts_with("ECDHE-")) << modern.cipher();
  EXPECT_FALSE(TlsPeer(server_.port(), TLS1_1_VERSION).connected());
}

TEST_F(Tls, offers_http_1_1_and_refuses_who_cannot) {
  EXPECT_EQ(TlsPeer(server_.port(), 0, "\x02h2\x08http/1.1").protocol(), "http/1.1");
  EXPECT_FALSE(TlsPeer(server_.port(), 0, "\x02h2").connected());
}

TEST_F(Tls, offers_what_its_context_says_the_best_first) {
  const auto chosen = [&](Protocols protocols, std::string_view offered) {
    const TestServer server(echo_scheme, limits(),
                            *TlsContext::load(certificate_.certificate_file(), certificate_.key_file(), protocols));
    const TlsPeer peer(server.port(), 0, offered);
    return peer.connected() ? peer.protocol() : "refused";
  };
  EXPECT_EQ(chosen(Protocols::http2_or_http1, "\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(chosen(Protocols::http2_or_http1, "\x08http/1.1"), "http/1.1");
  EXPECT_EQ(chosen(Protocols::http2, "\x02h2"), "h2");
  EXPECT_EQ(chosen(Protocols::http2, "\x08http/1.1"), "refused");
}

TEST_F(Tls, takes_any_certificate_or_none_where_it_asks_for_one_and_goes_on_with_its_session) {
  const TestServer server(
      echo_scheme, limits(),
      *TlsContext::load(certificate_.certificate_file(), certificate_.key_file(), Protocols::http1, Clients::asked));
  const Certificate own("client");
  const auto answered = [](TlsPeer& peer) {
    return peer.say(get("/")).hear_until("\r\n\r\n").starts_with("HTTP/1.1 200");
  };
  TlsPeer nobody(server.port());
  EXPECT_TRUE(answered(nobody));
  TlsPeer somebody(server.port(), 0, "", {.certificate = &own});
  EXPECT_TRUE(answered(somebody));
  const auto session = somebody.session();
  TlsPeer again(server.port(), 0, "", {.certificate = &own, .session = session.get()});
  EXPECT_TRUE(answered(again));
  EXPECT_TRUE(again.resumed());
}

TEST_F(Tls, changes_the_certificate_while_serving) {
  TlsPeer before(server_.port());
  EXPECT_EQ(before.name(), "first");
  certificate_.make("second");
  ASSERT_TRUE(context_->reload());
  EXPECT_EQ(TlsPeer(server_.port()).name(), "second");
  EXPECT_TRUE(before.say(get("/")).hear_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(Tls, keeps_the_certificate_where_the_new_one_is_bad) {
  std::ofstream(certificate_.certificate_file()) << "nonsense";
  const auto reloaded = context_->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Code::property_invalid);
  EXPECT_TRUE(reloaded.error().message.contains(certificate_.certificate_file()));
  EXPECT_EQ(TlsPeer(server_.port()).name(), "first");
}

TEST_F(Tls, takes_a_new_certificate_once_its_files_stand_still) {
  EXPECT_FALSE(context_->refresh());
  certificate_.make("second");
  EXPECT_FALSE(context_->refresh());
  const auto taken = context_->refresh();
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(TlsPeer(server_.port()).name(), "second");
  EXPECT_FALSE(context_->refresh());
}

TEST_F(Tls, says_once_that_a_new_certificate_is_bad) {
  std::ofstream(certificate_.certificate_file()) << "nonsense";
  EXPECT_FALSE(context_->refresh());
  const auto refused = context_->refresh();
  ASSERT_TRUE(refused);
  EXPECT_FALSE(*refused);
  EXPECT_FALSE(context_->refresh());
  EXPECT_EQ(TlsPeer(server_.port()).name(), "first");
}

TEST_F(Tls, refuses_a_key_of_another_certificate) {
  const Certificate other("other");
  EXPECT_FALSE(TlsContext::load(certificate_.certificate_file(), other.key_file()));
}

TEST_F(Tls, ends_connections_that_do_not_speak_it) {
  Peer plain(server_.port());
  plain.say(get("/"));
  plain.hear_all();
  EXPECT_TRUE(plain.at_end());
}

TEST_F(Tls, ends_handshakes_that_take_too_long) {
  ServerLimits impatient;
  impatient.handshake_time = Duration{1};
  TestServer server(echo_scheme, impatient, context_);
  Peer silent(server.port());
  EXPECT_TRUE(silent.at_end());
}

TEST_F(Tls, carries_live_connections) {
  TlsPeer peer(server_.port());
  peer.say(
      "GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_TRUE(peer.hear_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  const std::string text(60'000, 'x');
  std::string frame, answer;
  write_frame(answer, Opcode::text, text);
  frame = answer;
  frame.insert(4, 4, '\0');
  frame[1] = static_cast<char>(frame[1] | '\x80');
  for (int round = 0; round < 3; ++round) EXPECT_EQ(peer.say(frame).hear_exactly(answer.size()), answer);
}

}  // namespace
}  // namespace hg::net
