#include "pushsim/mail.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/encoding.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kMostLine = 998;  // RFC 5322 §2.1.1
constexpr int kMostNesting = 5;         // of parts in parts

using Fields = std::vector<std::pair<std::string, std::string>>;  // names in lower case, unfolded

struct Entity {
  Fields fields;
  std::string body;

  [[nodiscard]] std::string_view field(std::string_view name) const {
    for (const auto& [known, value] : fields)
      if (known == name) return value;
    return "";
  }
};

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// RFC 2045 §6.7; `underscore_is_space` for encoded words (RFC 2047 §4.2).
std::string from_quoted(std::string_view text, bool underscore_is_space = false) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && underscore_is_space) {
      out += ' ';
    } else if (text.substr(i).starts_with("=\r\n")) {
      i += 2;
    } else if (text[i] == '=' && i + 2 < text.size() && hex_digit(text[i + 1]) && hex_digit(text[i + 2])) {
      out += static_cast<char>(*hex_digit(text[i + 1]) * 16 + *hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string from_base64_lines(std::string_view text) {
  std::string joined;
  std::ranges::copy_if(text, std::back_inserter(joined), [](char c) { return c != '\r' && c != '\n'; });
  const auto bytes = from_base64(joined);
  return bytes ? std::string(as_text(*bytes)) : "";
}

// =?utf-8?B?…?= and =?utf-8?Q?…?=; white space between two of them is none.
std::string decode_words(std::string_view text) {
  std::string out;
  bool after_word = false;
  while (!text.empty()) {
    const auto start = text.find("=?");
    const auto charset = start == std::string_view::npos ? start : text.find('?', start + 2);
    const auto end = charset == std::string_view::npos ? charset : text.find("?=", charset + 3);
    if (end == std::string_view::npos) break;
    const auto between = text.substr(0, start);
    if (!after_word || !trim(between).empty()) out += between;
    const auto encoded = text.substr(charset + 3, end - charset - 3);
    out += (text[charset + 1] | 0x20) == 'b' ? from_base64_lines(encoded) : from_quoted(encoded, true);
    text.remove_prefix(end + 2);
    after_word = true;
  }
  return out.append(text);
}

Entity entity_of(std::string_view raw) {
  Entity entity;
  while (!raw.empty()) {
    const auto end = std::min(raw.find("\r\n"), raw.size());
    const auto line = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 2, raw.size()));
    if (line.empty()) break;
    if ((line.front() == ' ' || line.front() == '\t') && !entity.fields.empty()) {
      entity.fields.back().second.append(line);
      continue;
    }
    const auto colon = std::min(line.find(':'), line.size());
    entity.fields.emplace_back(lower(line.substr(0, colon)), trim(line.substr(std::min(colon + 1, line.size()))));
  }
  entity.body = raw;
  return entity;
}

// "utf-8" of `text/plain; charset="utf-8"`.
std::string parameter(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const auto end = std::min(field.find(';'), field.size());
    auto one = trim(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    if (one.size() <= name.size() || !equal_ignoring_case(one.substr(0, name.size()), name) || one[name.size()] != '=')
      continue;
    one.remove_prefix(name.size() + 1);
    if (one.size() >= 2 && one.front() == '"') one = one.substr(1, one.size() - 2);
    return std::string(one);
  }
  return "";
}

std::string decoded_body(const Entity& entity) {
  const auto encoding = lower(entity.field("content-transfer-encoding"));
  if (encoding == "base64") return from_base64_lines(entity.body);
  if (encoding == "quoted-printable") return from_quoted(entity.body);
  return entity.body;
}

void add_parts(const Entity& entity, int depth, json::array& parts, std::vector<std::string>& problems) {
  const auto field = entity.field("content-type");
  const std::string type = lower(trim(field.substr(0, field.find(';'))));
  if (!type.starts_with("multipart/") || depth >= kMostNesting) {
    std::string text = decoded_body(entity);
    if (!valid_utf8(text)) {
      problems.push_back(fmt::format("a part of type {} is no UTF-8", type));
      text = base64(as_bytes(text));
    }
    parts.push_back(json::object{{"type", type.empty() ? "text/plain" : type}, {"text", text}});
    return;
  }
  const std::string boundary = "--" + parameter(field, "boundary");
  // The boundary is a line of its own; what stands before the first is no part.
  std::string_view rest = entity.body;
  auto at = rest.find(boundary);
  if (boundary.size() == 2 || at == std::string_view::npos || !rest.contains(boundary + "--")) {
    problems.push_back("a multipart without its boundaries");
    return;
  }
  for (;;) {
    rest.remove_prefix(at + boundary.size());
    if (rest.starts_with("--")) return;
    rest.remove_prefix(std::min<std::size_t>(rest.find("\r\n"), rest.size()));
    at = rest.find("\r\n" + boundary);
    if (at == std::string_view::npos) return;
    add_parts(entity_of(rest.substr(std::min<std::size_t>(2, at), at - std::min<std::size_t>(2, at))), depth + 1, parts,
              problems);
    at += 2;
  }
}

void check_lines(std::string_view raw, std::vector<std::string>& problems) {
  std::size_t length = 0;
  bool too_long = false;
  bool bare = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw.substr(i).starts_with("\r\n")) {
      length = 0;
      ++i;
      continue;
    }
    bare = bare || raw[i] == '\n' || raw[i] == '\r';
    too_long = too_long || ++length > kMostLine;
  }
  if (too_long) problems.emplace_back("a line has more than 998 characters (RFC 5322 §2.1.1)");
  if (bare) problems.emplace_back("a CR or LF stands alone (RFC 5321 §2.3.8)");
}

void check_fields(const Fields& fields, std::vector<std::string>& problems) {
  std::map<std::string, int> counts;
  for (const auto& [name, value] : fields) {
    ++counts[name];
    if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
      problems.push_back(fmt::format("{} has characters beyond ASCII that are not encoded (RFC 2047)", name));
  }
  for (const std::string once : {"from", "date"})
    if (counts[once] != 1) problems.push_back(fmt::format("there must be one {} field (RFC 5322 §3.6)", once));
  for (const std::string once : {"to", "subject", "message-id", "mime-version", "content-type"})
    if (counts[once] > 1) problems.push_back(fmt::format("{} stands there twice", once));
}

}  // namespace

Mail read_mail(std::string_view raw) {
  Mail mail;
  const Entity whole = entity_of(raw);
  check_lines(raw, mail.problems);
  check_fields(whole.fields, mail.problems);
  if (std::ranges::any_of(whole.body, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) &&
      whole.field("mime-version").empty())
    mail.problems.emplace_back("characters beyond ASCII without MIME-Version");
  json::object headers;
  for (const auto& [name, value] : whole.fields)
    if (valid_utf8(value)) headers[name] = decode_words(value);
  json::array parts;
  add_parts(whole, 0, parts, mail.problems);
  mail.details = {{"headers", std::move(headers)},
                  {"subject", decode_words(whole.field("subject"))},
                  {"parts", std::move(parts)},
                  {"raw", valid_utf8(raw) ? std::string(raw) : base64(as_bytes(raw))}};
  return mail;
}

}  // namespace hg::pushsim
