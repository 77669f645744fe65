// Text encodings (RFC 4648, RFC 3986) and UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace hg {

using Buffer = std::vector<std::byte>;

inline Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(Bytes raw) { return {reinterpret_cast<const char*>(raw.data()), raw.size()}; }

std::string base64url(Bytes raw);                             // without padding
std::string base64(Bytes raw);                                // standard alphabet, padded
std::optional<Buffer> from_base64url(std::string_view text);  // padding that fits is tolerated; any stray is nullopt
std::optional<Buffer> from_base64(std::string_view text);     // standard alphabet, padding required where due
std::string hex(Bytes raw);                                   // lower case
std::optional<Buffer> from_hex(std::string_view text);

// RFC 3986: everything but unreserved characters becomes %XX.
std::string percent_encode(std::string_view text);
// nullopt on a broken escape. `plus_is_space` for form bodies and query values.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool valid_utf8(std::string_view text);
// Code points of well-formed UTF-8.
std::size_t code_points(std::string_view text);

std::string lower(std::string_view text);                          // ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only
std::string_view trim(std::string_view text);                      // SP and HTAB
std::string html_escape(std::string_view text);                    // & < > " '

// One decoded `name=value` of a query or a form body, in order.
using Form = std::vector<std::pair<std::string, std::string>>;
std::optional<Form> parse_form(std::string_view text);             // nullopt on a broken escape or U+0000 or bad UTF-8
const std::string* find(const Form& form, std::string_view name);  // the first of that name, or null

}  // namespace hg
