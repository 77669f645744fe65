#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <vector>

#include "base/encoding.h"

namespace hg {

namespace {

// Boost.JSON keeps the last of repeated keys without a word. Its value_stack builds the value; this handler stands in
// front of it, remembers the keys of the open objects and refuses what it would let pass.
class StrictHandler {
 public:
  [[maybe_unused]] static constexpr std::size_t max_object_size = 100'000;
  [[maybe_unused]] static constexpr std::size_t max_array_size = 100'000;
  [[maybe_unused]] static constexpr std::size_t max_key_size = 64 * 1024;
  [[maybe_unused]] static constexpr std::size_t max_string_size = 64 * 1024 * 1024;

  explicit StrictHandler(std::size_t) { stack.reset(); }

  std::string refusal;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    objects_.push_back(keys_.size());
    return true;
  }
  bool on_object_end(std::size_t count, json::error_code& error) {
    if (!check_keys(error)) return false;
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t count, json::error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    const auto key = whole(part);
    if (!check_text(key, error)) return false;
    stack.push_key(key);
    keys_.emplace_back(key);
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text_.append(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    const auto text = whole(part);
    if (!check_text(text, error)) return false;
    stack.push_string(text);
    text_.clear();
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, json::error_code& error) {
    if (!std::isfinite(number)) return refuse(error, "a number is too large");
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool flag, json::error_code&) {
    stack.push_bool(flag);
    return true;
  }
  bool on_null(json::error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value_stack stack;

 private:
  // The parser hands over long texts, and those with escapes, in parts.
  json::string_view whole(json::string_view last) {
    if (text_.empty()) return last;
    text_.append(last);
    return text_;
  }
  bool check_text(json::string_view text, json::error_code& error) {
    if (text.find('\0') == json::string_view::npos) return true;
    return refuse(error, "a text contains U+0000");
  }
  // Sorted, at the object's end: an object of very many keys costs no more than its length asks.
  bool check_keys(json::error_code& error) {
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(objects_.back());
    objects_.pop_back();
    std::sort(first, keys_.end());
    const auto twice = std::adjacent_find(first, keys_.end());
    if (twice != keys_.end())
      return refuse(error, twice->size() > kShownKey ? "a long key is repeated in the object that ends here"
                                                     : fmt::format("the key \"{}\" is repeated", *twice));
    keys_.erase(first, keys_.end());
    return true;
  }
  bool refuse(json::error_code& error, std::string why) {
    refusal = std::move(why);
    error = json::error::syntax;
    return false;
  }

  static constexpr std::size_t kShownKey = 64;
  std::string text_;
  std::vector<std::string> keys_;     // of all open objects, the innermost object's last
  std::vector<std::size_t> objects_;  // where the keys of each open object begin
};

std::string place(std::string_view text, std::size_t at) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, std::min(at, text.size()))) {
    column = c == '\n' ? 1 : column + 1;
    if (c == '\n') ++line;
  }
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<StrictHandler> parser(options, std::size_t{0});
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error == json::error::too_deep)
    return fail(Code::too_large, fmt::format("the JSON is nested deeper than {} levels", limits.depth));
  if (error == json::error::object_too_large || error == json::error::array_too_large ||
      error == json::error::key_too_large || error == json::error::string_too_large)
    return fail(Code::too_large, fmt::format("the JSON is too large: {} at {}", error.message(), place(text, read)));
  if (!parser.handler().refusal.empty())
    return fail(Code::invalid_json, fmt::format("{} ({})", parser.handler().refusal, place(text, read)));
  if (error) return fail(Code::invalid_json, fmt::format("not JSON: {} at {}", error.message(), place(text, read)));
  if (text.find_first_not_of(" \t\r\n", read) != std::string_view::npos)
    return fail(Code::invalid_json, fmt::format("text follows the JSON at {}", place(text, read)));
  return parser.handler().stack.release();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, clean, i - clean);
    clean = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", c);
    }
  }
  out.append(text, clean, text.size() - clean);
  out += '"';
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::object() {
  separate();
  out_ += '{';
  objects_ = objects_ << 1 | 1;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::array() {
  separate();
  out_ += '[';
  objects_ <<= 1;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end() {
  out_ += (objects_ & 1) != 0 ? '}' : ']';
  objects_ >>= 1;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) { return raw(flag ? "true" : "false"); }

JsonWriter& JsonWriter::value(std::int64_t number) { return raw(fmt::format_int(number).c_str()); }

JsonWriter& JsonWriter::value(std::uint64_t number) { return raw(fmt::format_int(number).c_str()); }

JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? raw(fmt::format("{}", number)) : raw("null");
}

JsonWriter& JsonWriter::value(const json::value& v) { return raw(json::serialize(v)); }

JsonWriter& JsonWriter::value(std::nullptr_t) { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json_text) {
  separate();
  out_ += json_text;
  return *this;
}

}  // namespace hg
