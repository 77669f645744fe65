#include "net/head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"

namespace hg::net {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

// RFC 9110 §5.6.2
constexpr auto kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool token_character(char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; }
bool token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, token_character); }
bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}
bool target_character(char c) { return c > ' ' && c < '\x7f' && c != '#'; }
// RFC 3986 §3.2.2 and a port; no list, no user, no path.
bool host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~!$&'()*+;=%:[]").contains(c);
}

std::unexpected<Refusal> refuse(std::string_view reason, int status = 400) {
  return std::unexpected(Refusal{status, reason});
}

// The fields whose repetition or value two parsers could read differently.
struct Framing {
  std::size_t hosts = 0, lengths = 0, encodings = 0, authorizations = 0;
  std::string_view host, length, encoding;

  void note(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        if (equal_ignoring_case(name, "host")) ++hosts, host = value;
        break;
      case 13:
        if (equal_ignoring_case(name, "authorization")) ++authorizations;
        break;
      case 14:
        if (equal_ignoring_case(name, "content-length")) ++lengths, length = value;
        break;
      case 17:
        if (equal_ignoring_case(name, "transfer-encoding")) ++encodings, encoding = value;
        break;
      default:
        break;
    }
  }
};

std::expected<Head, Refusal> request_line(std::string_view line, const HeadLimits& limits) {
  if (line.size() > limits.request_line) return refuse("the request line is too long", 414);
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return refuse("the request line is not METHOD TARGET VERSION");
  Head head{.method = line.substr(0, first), .target = line.substr(first + 1, second - first - 1)};
  const auto version = line.substr(second + 1);
  if (!token(head.method)) return refuse("the method is not a token");
  if (head.target.empty() || !std::ranges::all_of(head.target, target_character)) return refuse("malformed target");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (version.starts_with("HTTP/")) return refuse("only HTTP/1.1 and HTTP/1.0 are spoken here", 505);
    return refuse("malformed version");
  }
  head.minor_version = version.back() - '0';
  return head;
}

std::expected<Framing, Refusal> check_fields(std::string_view lines, const HeadLimits& limits) {
  if (lines.size() > limits.head) return refuse("the header fields are too large", 431);
  Framing framing;
  for (std::size_t count = 0; !lines.empty();) {
    const auto line = lines.substr(0, lines.find(kLineEnd));
    lines.remove_prefix(line.size() + kLineEnd.size());
    if (++count > limits.fields) return refuse("too many header fields", 431);
    if (line.starts_with(' ') || line.starts_with('\t')) return refuse("folded header field");
    if (!field_line(line)) return refuse("malformed header field");
    const auto colon = line.find(':');
    framing.note(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return framing;
}

// RFC 9112 §6.1 to §6.3, with no leniency.
std::expected<Head, Refusal> check_framing(Head head, const Framing& framing) {
  if (framing.encodings > 1) return refuse("more than one Transfer-Encoding");
  if (framing.lengths > 1) return refuse("more than one Content-Length");
  if (framing.hosts > 1) return refuse("more than one Host");
  if (framing.authorizations > 1) return refuse("more than one Authorization");
  if (framing.encodings == 1) {
    if (framing.lengths == 1) return refuse("both Transfer-Encoding and Content-Length");
    if (head.minor_version < 1) return refuse("Transfer-Encoding before HTTP/1.1");
    if (!equal_ignoring_case(framing.encoding, "chunked")) return refuse("a Transfer-Encoding other than chunked");
    head.chunked = true;
  }
  if (framing.lengths == 1) {
    std::uint64_t length = 0;
    const auto* end = framing.length.data() + framing.length.size();
    if (!digits(framing.length) || std::from_chars(framing.length.data(), end, length).ec != std::errc{}) {
      return refuse("malformed Content-Length");
    }
    head.content_length = length;
  }
  if (framing.hosts == 0 && head.minor_version >= 1) return refuse("no Host");
  if (!std::ranges::all_of(framing.host, host_character)) return refuse("malformed Host");
  return head;
}

// Origin form, `*` for OPTIONS, or absolute form that names the same host; answered as origin form (RFC 9112 §3.2).
std::expected<Head, Refusal> check_target(Head head, std::string_view host) {
  if (head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS")) return head;
  const auto scheme = head.target.find("://");
  const auto name = lower(head.target.substr(0, scheme));
  if (scheme == std::string_view::npos || (name != "http" && name != "https")) return refuse("malformed target");
  const auto rest = head.target.substr(scheme + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (!equal_ignoring_case(authority, host)) return refuse("target and Host differ");
  head.target = rest.substr(authority.size());
  if (!head.target.starts_with('/')) return refuse("malformed target");
  return head;
}

}  // namespace

bool field_line(std::string_view line) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos && token(line.substr(0, colon)) && field_value(line.substr(colon + 1));
}

// Looks at all of it, which the compiler does many characters at a time: a token has a thousand.
bool field_value(std::string_view value) {
  unsigned bad = 0;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(byte < ' ') & static_cast<unsigned>(byte != '\t');
    bad |= static_cast<unsigned>(byte == 0x7f);
  }
  return bad == 0;
}

std::expected<std::optional<std::size_t>, Refusal> find_head(std::string_view bytes, std::size_t& scanned,
                                                             const HeadLimits& limits) {
  if (!bytes.empty() && !token_character(bytes.front())) return refuse("not an HTTP request");
  for (auto at = bytes.find('\n', scanned); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return refuse("a line ends in LF without CR");
    if (bytes.substr(0, at + 1).ends_with("\r\n\r\n")) return at + 1;
  }
  scanned = bytes.size();
  const auto line = bytes.find('\n');
  if (std::min(line, bytes.size()) > limits.request_line + 1) return refuse("the request line is too long", 414);
  if (line != std::string_view::npos && bytes.size() - line > limits.head + 4) {
    return refuse("the header fields are too large", 431);
  }
  return std::nullopt;
}

std::expected<Head, Refusal> check_head(std::string_view raw, const HeadLimits& limits) {
  const auto line = raw.substr(0, raw.find(kLineEnd));
  auto head = request_line(line, limits);
  if (!head) return head;
  auto lines = raw.substr(line.size() + kLineEnd.size());
  lines.remove_suffix(kLineEnd.size());
  const auto framing = check_fields(lines, limits);
  if (!framing) return std::unexpected(framing.error());
  head = check_framing(*head, *framing);
  if (!head) return head;
  const bool body = head->chunked || head->content_length.value_or(0) > 0;
  if (body && (head->method == "GET" || head->method == "HEAD")) return refuse("a GET or HEAD with a body");
  return check_target(*head, framing->host);
}

}  // namespace hg::net
