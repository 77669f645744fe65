// The strict check of a request's head, and Beast's parser behind it.
#include "net/head.h"

#include <string>

#include "base/encoding.h"
#include "fuzzing.h"
#include "net/parser.h"

using namespace hg;
using namespace hg::net;
using hg::fuzz::promise;

namespace {

constexpr HeadLimits kLimits{.request_line = 128, .head = 512, .fields = 12};

// Where the head ends when it comes in pieces: as when it comes at once, or refused earlier.
void check_pieces(std::string_view bytes, std::uint8_t seed, std::optional<std::size_t> whole) {
  std::string read;
  std::size_t scanned = 0;
  fuzz::in_pieces(bytes, seed, [&](std::string_view piece) {
    read.append(piece);
    const auto end = find_head(read, scanned, kLimits);
    if (!end) return false;
    if (*end) promise(whole == **end, "a head ends where it ends, however it comes");
    return !*end;
  });
}

void check_request(const Head& head, std::string_view raw) {
  promise(!(head.chunked && head.content_length), "one framing");
  promise(head.target.starts_with('/') || head.target == "*", "the target is in origin form");
  Request request;
  request.set_target(head.target);
  if (!parse_head(raw, request)) return;
  promise(request.method == head.method, "both parsers read the same method");
  promise(request.headers.size() <= kLimits.fields, "no more fields than allowed");
  promise(request.headers.count("Host") <= 1 && request.headers.count("Content-Length") <= 1, "no field twice");
  const auto length = request.headers.find("Content-Length");
  promise(length.has_value() == head.content_length.has_value(), "both parsers see the same length");
  promise(request.headers.has_token("Transfer-Encoding", "chunked") == head.chunked, "both see the same coding");
  for (const Field& field : request.headers) promise(field_line(field.name + ":" + field.value), "a well-formed field");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto seed = input.byte();
  const auto bytes = input.rest();
  std::size_t scanned = 0;
  const auto end = find_head(bytes, scanned, kLimits);
  check_pieces(bytes, seed, end ? *end : std::nullopt);
  if (!end || !*end) return 0;
  const auto raw = bytes.substr(0, **end);
  if (const auto head = check_head(raw, kLimits)) check_request(*head, raw);
  return 0;
}
