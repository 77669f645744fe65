#include "net/websocket.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/tls.h"

namespace hg::net {
namespace {

// A client's frame; first byte as given, masked unless asked otherwise.
std::string frame(unsigned first, std::string_view payload, bool masked = true) {
  std::string plain;
  write_frame(plain, Opcode::text, payload);
  plain[0] = static_cast<char>(first);
  if (!masked) return plain;
  const auto start = plain.size() - payload.size();
  const std::string mask = "\x11\x22\x33\x44";
  std::string out = plain.substr(0, start) + mask;
  out[1] = static_cast<char>(static_cast<unsigned char>(out[1]) | 0x80U);
  for (std::size_t at = 0; at < payload.size(); ++at) out.push_back(static_cast<char>(payload[at] ^ mask[at % 4]));
  return out;
}

struct Heard {
  std::vector<std::pair<Opcode, std::string>> messages;
  std::uint16_t close_code = 0, error = 0;
};

Heard read(std::string_view bytes, std::size_t piece = std::string::npos, std::size_t max = 65536) {
  FrameReader reader(max);
  Heard heard;
  while (!bytes.empty() && reader.error() == 0) {
    auto input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (!input.empty() && reader.error() == 0) {
      if (const auto message = reader.next(input)) {
        heard.messages.emplace_back(message->opcode, message->payload);
        if (message->opcode == Opcode::close) heard.close_code = message->code;
      }
    }
  }
  heard.error = reader.error();
  return heard;
}

std::string close(unsigned code, std::string_view reason = "") {
  return frame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason));
}

TEST(WebSocket, reads_messages_of_every_length_form) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    const auto heard = read(frame(0x81, text));
    ASSERT_EQ(heard.messages.size(), 1U) << size;
    EXPECT_EQ(heard.messages[0].second, text);
  }
}

TEST(WebSocket, reads_messages_however_they_are_cut) {
  const auto bytes =
      frame(0x81, "eins") + frame(0x01, "zw") + frame(0x89, "ping") + frame(0x80, "ei") + frame(0x82, "3");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const auto heard = read(bytes, piece);
    ASSERT_EQ(heard.messages.size(), 4U) << piece;
    EXPECT_EQ(heard.messages[0].second, "eins");
    EXPECT_EQ(heard.messages[1], std::pair(Opcode::ping, std::string("ping")));
    EXPECT_EQ(heard.messages[2], std::pair(Opcode::text, std::string("zwei")));
    EXPECT_EQ(heard.messages[3], std::pair(Opcode::binary, std::string("3")));
  }
}

TEST(WebSocket, refuses_what_the_protocol_forbids) {
  const struct {
    std::string_view name;
    std::string bytes;
    std::uint16_t error;
  } cases[] = {
      {"unmasked", frame(0x81, "x", false), 1002},
      {"reserved bit 1", frame(0xc1, "x"), 1002},
      {"reserved bit 2", frame(0xa1, "x"), 1002},
      {"reserved bit 3", frame(0x91, "x"), 1002},
      {"reserved opcode 3", frame(0x83, "x"), 1002},
      {"reserved opcode 7", frame(0x87, "x"), 1002},
      {"reserved control 11", frame(0x8b, "x"), 1002},
      {"reserved control 15", frame(0x8f, "x"), 1002},
      {"control over 125", frame(0x89, std::string(126, 'x')), 1002},
      {"fragmented ping", frame(0x09, "x"), 1002},
      {"fragmented close", frame(0x08, ""), 1002},
      {"continuation of nothing", frame(0x80, "x"), 1002},
      {"text within text", frame(0x01, "x") + frame(0x81, "y"), 1002},
      {"binary within text", frame(0x01, "x") + frame(0x82, "y"), 1002},
      {"length not in its shortest form", std::string("\x81\xfe\x00\x05\0\0\0\0hello", 13), 1002},
      {"64-bit length not in its shortest form", std::string("\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14), 1002},
      {"length with the top bit", std::string("\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14), 1002},
      {"huge length", std::string("\x81\xff\x00\0\0\x01\0\0\0\0\0\0\0\0", 14), 1009},
      {"bad UTF-8", frame(0x81, "\xff"), 1007},
      {"surrogate", frame(0x81, "\xed\xa0\x80"), 1007},
      {"overlong", frame(0x81, "\xc0\xaf"), 1007},
      {"UTF-8 cut at the end", frame(0x01, "a") + frame(0x80, "\xc3"), 1007},
      {"close of one byte", frame(0x88, "x"), 1002},
      {"close 999", close(999), 1002},
      {"close 1004", close(1004), 1002},
      {"close 1005", close(1005), 1002},
      {"close 1006", close(1006), 1002},
      {"close 1015", close(1015), 1002},
      {"close 1016", close(1016), 1002},
      {"close 2999", close(2999), 1002},
      {"close 5000", close(5000), 1002},
      {"close with bad UTF-8", close(1000, "\xff"), 1007},
  };
  for (const auto& vector : cases) EXPECT_EQ(read(vector.bytes).error, vector.error) << vector.name;
}

TEST(WebSocket, takes_what_the_protocol_allows) {
  EXPECT_EQ(read(frame(0x88, "")).close_code, 1005);
  for (const unsigned code : {1000U, 1001U, 1003U, 1007U, 1014U, 3000U, 4408U, 4999U}) {
    EXPECT_EQ(read(close(code, "why")).close_code, code);
  }
  EXPECT_EQ(read(frame(0x01, "\xc3") + frame(0x80, "\xa9")).messages[0].second, "é");  // a character over two frames
  EXPECT_EQ(read(frame(0x89, std::string(125, 'x'))).error, 0);
  EXPECT_EQ(read(frame(0x8a, "unasked pong")).error, 0);
}

TEST(WebSocket, bounds_messages_and_fragments) {
  EXPECT_EQ(read(frame(0x81, std::string(1000, 'x')), 100, 1000).error, 0);
  EXPECT_EQ(read(frame(0x81, std::string(1001, 'x')), 100, 1000).error, 1009);
  EXPECT_EQ(read(frame(0x01, std::string(600, 'x')) + frame(0x80, std::string(401, 'x')), 100, 1000).error, 1009);
  std::string fragments = frame(0x01, "");
  for (int count = 1; count < 63; ++count) fragments += frame(0x00, "");
  EXPECT_EQ(read(fragments + frame(0x80, "")).messages.size(), 1U);
  EXPECT_EQ(read(fragments + frame(0x00, "") + frame(0x80, "")).error, 1009);
}

TEST(WebSocket, holds_nothing_between_messages) {
  FrameReader reader(100);
  std::string bytes = frame(0x01, "a") + frame(0x80, "b");
  std::string_view input = bytes;
  EXPECT_TRUE(reader.next(input));
  EXPECT_FALSE(reader.holding());
  std::string_view half = std::string_view(bytes).substr(0, 7);
  EXPECT_FALSE(reader.next(half));
  EXPECT_TRUE(reader.holding());
}

TEST(WebSocket, answers_the_key_as_the_standard_says) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
}

Request handshake(std::string_view without = "", std::string_view version = "13") {
  Request request{.method = "GET"};
  const auto add = [&](std::string_view name, std::string_view value) {
    if (name != without) request.headers.add(name, value);
  };
  add("Upgrade", "WebSocket");
  add("Connection", "keep-alive, Upgrade");
  add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  add("Sec-WebSocket-Version", version);
  return request;
}

TEST(WebSocket, tells_handshakes_from_others) {
  EXPECT_EQ(websocket_handshake(handshake()), Handshake::good);
  EXPECT_EQ(websocket_handshake(handshake("Upgrade")), Handshake::none);
  EXPECT_EQ(websocket_handshake(handshake("Connection")), Handshake::bad);
  EXPECT_EQ(websocket_handshake(handshake("Sec-WebSocket-Key")), Handshake::bad);
  EXPECT_EQ(websocket_handshake(handshake("", "8")), Handshake::wrong_version);
}

}  // namespace
}  // namespace hg::net
