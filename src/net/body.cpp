#include "net/body.h"

#include <algorithm>
#include <charconv>

namespace hg::net {

namespace {

// Chunks of one byte cost six: more framing than this to a byte of content is no honest client.
constexpr std::size_t kOverheadOfNothing = 16 * 1024;
constexpr std::size_t kOverheadOfByte = 8;

std::unexpected<Refusal> malformed(std::string_view reason) { return std::unexpected(Refusal{400, reason}); }
std::unexpected<Refusal> too_large() { return std::unexpected(Refusal{413, "the body is too large"}); }

}  // namespace

BodyReader::BodyReader(const Head& head, std::size_t limit)
    : chunked_(head.chunked),
      expect_(head.chunked ? Expect::size : Expect::data),
      limit_(limit),
      left_(head.content_length.value_or(0)),
      overhead_(kOverheadOfNothing) {}

std::expected<bool, Refusal> BodyReader::take(std::string_view& bytes, std::string& body) {
  if (!chunked_ && left_ > limit_) return too_large();
  for (;;) {
    if (expect_ == Expect::nothing) return true;
    const auto went_on = expect_ == Expect::data ? take_data(bytes, body) : take_line(bytes);
    if (!went_on || !*went_on) return went_on;
  }
}

std::expected<bool, Refusal> BodyReader::take_data(std::string_view& bytes, std::string& body) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  body.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  left_ -= count;
  limit_ -= count;
  if (left_ > 0) return false;
  expect_ = chunked_ ? Expect::data_end : Expect::nothing;
  return true;
}

std::expected<bool, Refusal> BodyReader::take_line(std::string_view& bytes) {
  const auto end = bytes.find('\n');
  if (std::min(end, bytes.size()) >= overhead_) return too_large();
  if (end == std::string_view::npos) return false;
  if (end == 0 || bytes[end - 1] != '\r') return malformed("a line of the body ends in LF without CR");
  const auto line = bytes.substr(0, end - 1);
  overhead_ -= end + 1;
  bytes.remove_prefix(end + 1);
  return read_line(line);
}

std::expected<bool, Refusal> BodyReader::read_line(std::string_view line) {
  switch (expect_) {
    case Expect::size:
      return read_size(line);
    case Expect::data_end:
      if (!line.empty()) return malformed("a chunk is longer than its size");
      expect_ = Expect::size;
      return true;
    default:
      // A trailer is checked and dropped: it never becomes a header (RFC 9112 §7.1.2).
      if (!line.empty() && !field_line(line)) return malformed("malformed trailer");
      if (line.empty()) expect_ = Expect::nothing;
      return true;
  }
}

std::expected<bool, Refusal> BodyReader::read_size(std::string_view line) {
  const auto digits = line.substr(0, line.find(';'));
  const auto extension = line.substr(digits.size());
  const auto* end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, left_, 16);
  if (error != std::errc{} || parsed != end) return malformed("malformed chunk size");
  if (!field_value(extension)) return malformed("malformed chunk extension");
  if (left_ > limit_) return too_large();
  overhead_ += static_cast<std::size_t>(left_) * kOverheadOfByte;
  expect_ = left_ == 0 ? Expect::trailer : Expect::data;
  return true;
}

}  // namespace hg::net
