#include "load/http.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"

namespace hg::load {

namespace {

std::optional<std::size_t> number(std::string_view text, int base = 10) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// RFC 9112 §7.1: where the chunked body that begins at `from` ends.
std::optional<std::size_t> end_of_chunks(std::string_view bytes, std::size_t from) {
  for (;;) {
    const auto line = bytes.find("\r\n", from);
    if (line == std::string_view::npos) return std::nullopt;
    const auto size = number(bytes.substr(from, line - from), 16);
    if (!size) return std::nullopt;
    from = line + 2 + *size + 2;
    if (from > bytes.size()) return std::nullopt;
    if (*size == 0) return from;
  }
}

}  // namespace

std::string request(std::string_view method, std::string_view path, const Address& to, const Fields& fields,
                    std::string_view body) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, path, to.authority);
  for (const auto& [name, value] : fields) out.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "POST" || method == "PATCH") out += fmt::format("Content-Length: {}\r\n", body.size());
  return out.append("\r\n").append(body);
}

std::string_view Answer::field(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    if (line.size() > name.size() && line[name.size()] == ':' && equal_ignoring_case(line.substr(0, name.size()), name))
      return trim(line.substr(name.size() + 1));
  }
  return {};
}

std::optional<Answer> whole_answer(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  Answer answer{.head = bytes.substr(0, end + 2)};
  answer.status = static_cast<int>(number(bytes.substr(9, 3)).value_or(0));
  const auto begin = end + 4;
  if (const auto length = number(answer.field("Content-Length"))) {
    answer.size = begin + *length;
  } else if (equal_ignoring_case(answer.field("Transfer-Encoding"), "chunked")) {
    const auto chunks_end = end_of_chunks(bytes, begin);
    if (!chunks_end) return std::nullopt;
    answer.size = *chunks_end;
  } else {
    answer.size = begin;
  }
  if (answer.size > bytes.size()) return std::nullopt;
  answer.body = bytes.substr(begin, answer.size - begin);
  return answer;
}

}  // namespace hg::load
