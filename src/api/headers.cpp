#include "api/headers.h"

#include <charconv>
#include <vector>

#include "base/encoding.h"

namespace hg::api {
namespace {

// Calls `each` with every element of a comma-separated list, over all fields of that name.
template <class Each>
void elements(const net::Headers& headers, std::string_view name, Each each) {
  for (const net::Field& field : headers) {
    if (!equal_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (const std::string_view element = trim(rest.substr(0, comma)); !element.empty()) each(element);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  }
}

// "a; b=c" into its parts, trimmed.
std::vector<std::string_view> parts(std::string_view element) {
  std::vector<std::string_view> result;
  while (true) {
    const std::size_t semicolon = element.find(';');
    result.push_back(trim(element.substr(0, semicolon)));
    if (semicolon == std::string_view::npos) return result;
    element = element.substr(semicolon + 1);
  }
}

std::string_view value_of(std::string_view parameter, std::string_view name) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return {};
  if (!equal_ignoring_case(trim(parameter.substr(0, equals)), name)) return {};
  std::string_view value = trim(parameter.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  return value;
}

// Weight zero: "0", "0.0", "0.000".
bool refused(const std::vector<std::string_view>& element) {
  for (const std::string_view parameter : element) {
    const std::string_view weight = value_of(parameter, "q");
    if (!weight.empty()) return weight.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool accepts(const net::Headers& headers, std::string_view type) {
  const std::string any_of_kind = std::string(type.substr(0, type.find('/'))) + "/*";
  bool asked = false;
  int best = 0;  // how exactly the best match names it
  bool allowed = false;
  elements(headers, "Accept", [&](std::string_view element) {
    asked = true;
    const auto range = parts(element);
    const int exact = equal_ignoring_case(range[0], type)          ? 3
                      : equal_ignoring_case(range[0], any_of_kind) ? 2
                      : range[0] == "*/*" || range[0] == "*"       ? 1
                                                                   : 0;
    if (exact < best || exact == 0) return;
    allowed = (exact == best && allowed) || !refused(range);
    best = exact;
  });
  return !asked || allowed;
}

bool prefers(const net::Headers& headers, std::string_view type) {
  bool named = false;
  elements(headers, "Accept", [&](std::string_view element) {
    const auto range = parts(element);
    if (equal_ignoring_case(range[0], type) && !refused(range)) named = true;
  });
  return named;
}

Prefer parse_prefer(const net::Headers& headers) {
  Prefer prefer;
  elements(headers, "Prefer", [&](std::string_view element) {
    const std::string_view preference = parts(element)[0];
    if (equal_ignoring_case(value_of(preference, "return"), "minimal")) prefer.minimal = true;
    for (const std::string_view name : {"odata.maxpagesize", "maxpagesize"}) {
      const std::string_view size = value_of(preference, name);
      int number = 0;
      const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
      if (!size.empty() && error == std::errc() && end == size.data() + size.size() && number > 0)
        prefer.page_size = number;
    }
  });
  return prefer;
}

std::string_view trace_id(const net::Headers& headers) {
  if (headers.count("traceparent") != 1) return {};
  const std::string_view text = *headers.find("traceparent");
  constexpr std::size_t kLength = 55;  // of version 00; later ones may say more behind a dash
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const auto hexadecimal = [&](std::size_t from, std::size_t count) {
    return text.substr(from, count).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  if (!hexadecimal(0, 2) || !hexadecimal(3, 32) || !hexadecimal(36, 16) || !hexadecimal(53, 2)) return {};
  const auto version = text.substr(0, 2);
  if (version == "ff" || (text.size() > kLength && (version == "00" || text[kLength] != '-'))) return {};
  const auto zero = [&](std::size_t from, std::size_t count) {
    return text.substr(from, count).find_first_not_of('0') == std::string_view::npos;
  };
  if (zero(3, 32) || zero(36, 16)) return {};
  return text.substr(3, 32);
}

bool is_json(const net::Headers& headers) {
  const auto header = headers.find("Content-Type");
  if (!header || header->empty()) return true;
  const auto type = parts(*header);
  if (!equal_ignoring_case(type[0], "application/json")) return false;
  for (const std::string_view parameter : type) {
    const std::string_view charset = value_of(parameter, "charset");
    if (!charset.empty() && !equal_ignoring_case(charset, "utf-8") && !equal_ignoring_case(charset, "utf8"))
      return false;
  }
  return true;
}

}  // namespace hg::api
