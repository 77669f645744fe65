#include "net/websocket.h"

#include <algorithm>

#include "base/encoding.h"

namespace hg::net {

Handshake websocket_handshake(const Request& request) {
  const auto& headers = request.headers;
  if (!headers.has_token("Upgrade", "websocket")) return Handshake::none;
  const auto key = from_base64(headers.find("Sec-WebSocket-Key").value_or(""));
  const bool good = request.method == "GET" && request.minor_version >= 1 &&
                    headers.has_token("Connection", "upgrade") && headers.count("Sec-WebSocket-Key") == 1 && key &&
                    key->size() == 16;
  if (!good) return Handshake::bad;
  return headers.find("Sec-WebSocket-Version") == "13" ? Handshake::good : Handshake::wrong_version;
}

void write_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const auto byte = [&](std::size_t value) { out.push_back(static_cast<char>(value & 0xff)); };
  const auto size = payload.size();
  byte(0x80U | static_cast<unsigned>(opcode));
  if (size < 126) {
    byte(size);
  } else if (size < 65536) {
    byte(126), byte(size >> 8), byte(size);
  } else {
    byte(127);
    for (int shift = 56; shift >= 0; shift -= 8) byte(size >> shift);
  }
  out.append(payload);
}

void write_close_frame(std::string& out, std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  write_frame(out, Opcode::close, payload.append(reason.substr(0, 123)));
}

namespace {

bool control(Opcode opcode) { return static_cast<unsigned>(opcode) >= 8; }

bool known(Opcode opcode) { return opcode <= Opcode::binary || (opcode >= Opcode::close && opcode <= Opcode::pong); }

// §7.4: what may stand in a close frame.
bool valid_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

std::optional<FrameReader::Message> FrameReader::next(std::string_view& input) {
  if (done_) {  // what the last call gave has been looked at
    done_ = false;
    std::string().swap(control_);
    if (fragments_ == 0) std::string().swap(message_);
  }
  while (error_ == 0 && !input.empty()) {
    if (!in_payload_ && !read_header(input)) return std::nullopt;
    read_payload(input);
    if (left_ > 0) return std::nullopt;
    in_payload_ = false;
    have_ = 0;
    if (auto message = complete()) return message;
  }
  return std::nullopt;
}

std::optional<FrameReader::Message> FrameReader::fail(std::uint16_t code) {
  error_ = code;
  return std::nullopt;
}

std::size_t FrameReader::header_size() const {
  if (have_ < 2) return 2;
  const auto length = header_[1] & 0x7f;
  return 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + 4;
}

// True when the header is complete and in order.
bool FrameReader::read_header(std::string_view& input) {
  while (have_ < header_size()) {
    if (input.empty()) return false;
    header_[have_++] = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (have_ == 2 && !accept_start()) return false;
  }
  in_payload_ = true;
  return accept_length();
}

// §5.2: what the first two bytes already tell.
bool FrameReader::accept_start() {
  const auto opcode = static_cast<Opcode>(header_[0] & 0x0f);
  const bool final = (header_[0] & 0x80) != 0, masked = (header_[1] & 0x80) != 0;
  const bool reserved = (header_[0] & 0x70) != 0;
  bool good = masked && !reserved && known(opcode);
  if (control(opcode)) {
    good = good && final && (header_[1] & 0x7f) <= 125;
  } else {
    good = good && (opcode == Opcode::continuation) == (fragments_ > 0);
  }
  if (!good) fail(1002);
  return good;
}

bool FrameReader::accept_length() {
  const auto opcode = static_cast<Opcode>(header_[0] & 0x0f);
  const auto bytes = header_size() - 6;  // of the extended length
  left_ = bytes == 0 ? header_[1] & 0x7fU : 0U;
  for (std::size_t at = 2; at < 2 + bytes; ++at) left_ = left_ << 8 | header_[at];
  at_ = 0;
  const bool shortest = bytes == 0 || (bytes == 2 ? left_ >= 126 : left_ >= 65536 && left_ >> 63 == 0);
  if (!shortest) return fail(1002), false;
  if (control(opcode)) return true;
  if (left_ > max_message_ - message_.size() || fragments_ == kMaxFragments) return fail(1009), false;
  ++fragments_;
  if (opcode != Opcode::continuation) opcode_ = opcode;
  return true;
}

void FrameReader::read_payload(std::string_view& input) {
  if (error_ != 0) return;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  const auto* mask = header_.data() + header_size() - 4;
  auto& target = control(static_cast<Opcode>(header_[0] & 0x0f)) ? control_ : message_;
  const auto start = target.size();
  target.append(input.substr(0, count));
  for (std::size_t at = 0; at < count; ++at) {
    target[start + at] = static_cast<char>(static_cast<unsigned char>(target[start + at]) ^ mask[(at_ + at) & 3]);
  }
  at_ += count;
  left_ -= count;
  input.remove_prefix(count);
}

std::optional<FrameReader::Message> FrameReader::complete() {
  const auto opcode = static_cast<Opcode>(header_[0] & 0x0f);
  if (control(opcode)) return complete_control(opcode);
  if ((header_[0] & 0x80) == 0) return std::nullopt;
  fragments_ = 0;
  done_ = true;
  if (opcode_ == Opcode::text && !valid_utf8(message_)) return fail(1007);
  return Message{opcode_, message_};
}

std::optional<FrameReader::Message> FrameReader::complete_control(Opcode opcode) {
  done_ = true;
  if (opcode != Opcode::close) return Message{opcode, control_};
  if (control_.empty()) return Message{opcode, control_, 1005};
  if (control_.size() == 1) return fail(1002);
  const auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(control_[0]) << 8 |
                                               static_cast<unsigned char>(control_[1]));
  if (!valid_close_code(code)) return fail(1002);
  const auto reason = std::string_view(control_).substr(2);
  if (!valid_utf8(reason)) return fail(1007);
  return Message{opcode, reason, code};
}

}  // namespace hg::net
