// Server-side WebSocket framing (RFC 6455 §5), without extensions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hg::net {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Whether `request` is a WebSocket handshake (§4.2.1): none: it does not ask for one; bad: it does, wrongly (400, or
// 426 with `Sec-WebSocket-Version: 13` where only the version differs).
enum class Handshake : std::uint8_t { none, good, bad, wrong_version };
Handshake websocket_handshake(const Request& request);

// Appends one unmasked frame.
void write_frame(std::string& out, Opcode opcode, std::string_view payload);
void write_close_frame(std::string& out, std::uint16_t code, std::string_view reason);

// Turns a client's bytes into messages; holds nothing between complete messages.
class FrameReader {
 public:
  static constexpr std::size_t kMaxFragments = 64;

  // `payload` lives until the next call. close: `code` is 1005 where the frame had none, payload the reason.
  struct Message {
    Opcode opcode;
    std::string_view payload;
    std::uint16_t code = 0;
  };

  explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

  // Takes bytes off the front of `input`; a message when one is complete, nullopt when more bytes are needed or the
  // peer broke the rules (see error()).
  std::optional<Message> next(std::string_view& input);
  // The close code of the broken rule: 1002, 1007, 1009; 0: none broken.
  [[nodiscard]] std::uint16_t error() const { return error_; }
  // In the middle of a frame or a fragmented message.
  [[nodiscard]] bool holding() const { return have_ > 0 || fragments_ > 0; }

 private:
  std::optional<Message> fail(std::uint16_t code);
  bool read_header(std::string_view& input);
  bool accept_start();
  bool accept_length();
  [[nodiscard]] std::size_t header_size() const;
  void read_payload(std::string_view& input);
  std::optional<Message> complete();
  std::optional<Message> complete_control(Opcode opcode);

  std::size_t max_message_;
  std::array<unsigned char, 14> header_{};
  std::uint8_t have_ = 0;  // bytes of header_
  std::uint8_t fragments_ = 0;
  bool in_payload_ = false, done_ = false;
  Opcode opcode_ = Opcode::text;  // of the message under way
  std::uint16_t error_ = 0;
  std::uint64_t left_ = 0, at_ = 0;  // of the frame's payload
  std::string message_, control_;
};

}  // namespace hg::net
