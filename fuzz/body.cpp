// The reader of bodies: by length and in chunks.
#include "net/body.h"

#include <string>

#include "fuzzing.h"

using namespace hg::net;
using hg::fuzz::promise;

namespace {

constexpr std::size_t kLimit = 256;

struct Outcome {
  int status = 0;  // of the refusal
  bool complete = false;
  std::string body, rest;
};

Outcome read(const Head& head, std::string_view bytes, std::uint8_t seed) {
  BodyReader reader(head, kLimit);
  Outcome outcome;
  std::string waiting;
  hg::fuzz::in_pieces(bytes, seed, [&](std::string_view piece) {
    waiting.append(piece);
    if (outcome.complete) return true;
    std::string_view left = waiting;
    const auto complete = reader.take(left, outcome.body);
    if (!complete) outcome.status = complete.error().status;
    outcome.complete = complete && *complete;
    waiting = std::string(left);
    return complete.has_value();
  });
  outcome.rest = waiting;
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hg::fuzz::Input input(data, size);
  Head head{.method = "POST", .target = "/"};
  head.chunked = (input.byte() & 1) != 0;
  if (!head.chunked) head.content_length = input.byte() * 2U;
  const auto seed = input.byte();
  const auto bytes = input.rest();
  const auto whole = read(head, bytes, 255), pieces = read(head, bytes, seed), single = read(head, bytes, 0);
  promise(whole.body.size() <= kLimit, "a body is no larger than allowed");
  promise(single.complete == pieces.complete && single.status == pieces.status, "pieces do not matter");
  promise(single.complete == whole.complete && single.status == whole.status, "pieces do not matter");
  if (!single.complete) return 0;
  promise(single.body == pieces.body && single.body == whole.body, "the same body however it comes");
  promise(single.rest == pieces.rest && single.rest == whole.rest, "the next request begins at the same byte");
  return 0;
}
