// The strict check of a request's head on its raw bytes, before anything else looks at it: whatever two parsers could
// read differently (RFC 9112 §11.2, request smuggling) is refused, and the connection ends with the refusal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace hg::net {

struct HeadLimits {
  std::size_t request_line = 8 * 1024;
  std::size_t head = 16 * 1024;  // all fields
  std::size_t fields = 100;
};

// Why a head is refused; every one of them closes the connection.
struct Refusal {
  int status = 400;              // 400, 414, 431, 505
  std::string_view reason = "";  // a literal: "two Host fields"
};

// What the head says about the framing of the message.
struct Head {
  std::string_view method, target;
  int minor_version = 1;
  bool chunked = false;
  std::optional<std::uint64_t> content_length = {};
};

// Looks for the end of the head in `bytes`, the first `scanned` of which were looked at before. Its length with the
// blank line; nullopt: more bytes are needed. Refuses early what can only become a refusal.
std::expected<std::optional<std::size_t>, Refusal> find_head(std::string_view bytes, std::size_t& scanned,
                                                             const HeadLimits& limits);
// `raw`: from the request line to the blank line, both included.
std::expected<Head, Refusal> check_head(std::string_view raw, const HeadLimits& limits);

// A well-formed "name: value" without its line end; a value (or anything else in a line) without control characters.
bool field_line(std::string_view line);
bool field_value(std::string_view value);

}  // namespace hg::net
