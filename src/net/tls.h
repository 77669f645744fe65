// TLS for listeners: OpenSSL on the native socket (SSL_set_fd). TLS 1.2 and 1.3, AEAD and ECDHE only, no renegotiation,
// compression or early data; ALPN as the context says. Idle sessions hold no buffers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/snapshot.h"

struct ssl_st;
struct ssl_ctx_st;

namespace hg::net {

// How far a non-blocking call came.
enum class Io : std::uint8_t { done, wait_read, wait_write, closed };
struct Moved {
  Io state = Io::done;    // closed: end of file or an error
  std::size_t bytes = 0;  // done: > 0
};

// One TLS connection over a non-blocking socket that it does not own.
class TlsSession {
 public:
  Io handshake();
  Moved read(std::span<char> into);
  Moved write(std::string_view bytes);
  void shutdown();
  // What ALPN chose ("h2"); empty where the client offered nothing, and before the handshake is done.
  [[nodiscard]] std::string_view protocol() const;
  // DER of the certificate that the client presented; empty where it did not.
  [[nodiscard]] std::string peer_certificate() const;

 private:
  friend class TlsContext;
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  explicit TlsSession(ssl_st* ssl) : ssl_(ssl) {}
  Io state_of(int result);
  std::unique_ptr<ssl_st, Free> ssl_;
  bool broken_ = false;  // after a fatal error nothing more may be said
};

// What a context offers by ALPN, the best first. A client that offers only others is refused.
enum class Protocols : std::uint8_t { http1, http2, http2_or_http1 };

// Whether clients are asked for a certificate. They need not have one, and any is taken: who it makes them is for
// others to judge.
enum class Clients : std::uint8_t { anonymous, asked };

// A certificate with its key, replaceable while serving: new connections get the new one.
class TlsContext {
 public:
  // PEM files: the chain, leaf first, and its key. Code::property_invalid names the file and what is wrong with it.
  static Result<std::shared_ptr<TlsContext>> load(std::string certificate_file, std::string key_file,
                                                  Protocols protocols = Protocols::http1,
                                                  Clients clients = Clients::anonymous);

  // Reads the files again; on failure the old certificate stays.
  Result<void> reload();
  // To be called every few seconds: reload(), where the files are others than when they were last read and have not
  // changed since the last look, so that both have been replaced. Nullopt: there was nothing to do. On one thread with
  // reload().
  std::optional<Result<void>> refresh();
  // A server session on the connected socket `descriptor`. From any thread, at any time.
  [[nodiscard]] std::unique_ptr<TlsSession> accept(int descriptor) const;

 private:
  // Which files they are, and of when.
  struct Stamp {
    std::array<std::int64_t, 8> numbers{};
    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& certificate_file, const std::string& key_file);

  TlsContext(std::string certificate_file, std::string key_file, Protocols protocols, Clients clients, Stamp stamp,
             std::shared_ptr<ssl_ctx_st> context);

  std::string certificate_file_, key_file_;
  Protocols protocols_;
  Clients clients_;
  Stamp read_, seen_;  // when they were read, and at the last look
  Snapshot<std::shared_ptr<ssl_ctx_st>> context_;
};

// base64 of SHA-1(key + the GUID): Sec-WebSocket-Accept (RFC 6455 §4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace hg::net
