// A WebSocket client's frames.
#include "net/websocket.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "fuzzing.h"

using namespace hg::net;
using hg::fuzz::promise;

namespace {

constexpr std::size_t kMaxMessage = 300;

struct Heard {
  std::vector<std::string> messages;
  std::uint16_t error = 0;
  bool operator==(const Heard&) const = default;
};

void note(Heard& heard, const FrameReader::Message& message) {
  promise(message.payload.size() <= kMaxMessage, "a message is no larger than allowed");
  const bool control = message.opcode >= Opcode::close;
  promise(!control || message.payload.size() <= 125, "a control frame is small");
  const bool text = message.opcode == Opcode::text || message.opcode == Opcode::close;
  promise(!text || hg::valid_utf8(message.payload), "text is UTF-8");
  heard.messages.push_back(std::to_string(static_cast<int>(message.opcode)) + "/" + std::to_string(message.code) + "/" +
                           std::string(message.payload));
}

Heard hear(std::string_view bytes, std::uint8_t seed) {
  FrameReader reader(kMaxMessage);
  Heard heard;
  hg::fuzz::in_pieces(bytes, seed, [&](std::string_view piece) {
    while (const auto message = reader.next(piece)) note(heard, *message);
    promise(reader.error() != 0 || piece.empty(), "what is in order is taken");
    return reader.error() == 0;
  });
  heard.error = reader.error();
  const bool known = heard.error == 0 || heard.error == 1002 || heard.error == 1007 || heard.error == 1009;
  promise(known, "a broken rule has its code");
  return heard;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hg::fuzz::Input input(data, size);
  const auto seed = input.byte();
  const auto single = hear(input.rest(), 0);
  promise(single == hear(input.rest(), seed), "the same messages however they come");
  promise(single == hear(input.rest(), 255), "the same messages however they come");
  return 0;
}
