// JSON in: Boost.JSON values, parsed strictly. JSON out: an append writer.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/result.h"
#include "base/time.h"

namespace hg {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth = 32;
};

// RFC 8259 text to a value. Refuses (Code::invalid_json, with line and column or the JSON path in the message) what
// Boost.JSON would let pass: a repeated key at any depth, U+0000 in a string or key, invalid UTF-8, a number beyond
// double, trailing text; deeper than `limits.depth`, or more than 100,000 members in one object or array, is
// Code::too_large.
Result<json::value> parse_json(std::string_view text, JsonLimits limits = {});

// Writes JSON by appending to a string: `JsonWriter(out).object().field("id", x).end()`. Commas are its business;
// nesting is the caller's, up to 64 levels.
// Strings, which must be UTF-8, are escaped as RFC 8259 §7 asks; a double that is no number is written as null.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& object();  // {
  JsonWriter& array();   // [
  JsonWriter& end();     // } or ]
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(double number);
  JsonWriter& value(Time time) { return value(std::string_view(iso(time))); }
  JsonWriter& value(const Guid& guid) { return value(std::string_view(guid.str())); }
  template <class Tag>
  JsonWriter& value(const Id<Tag>& id) {
    return value(id.guid);
  }
  JsonWriter& value(const json::value& v);
  JsonWriter& value(std::nullptr_t);
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : value(nullptr);
  }
  JsonWriter& raw(std::string_view json_text);  // text that is JSON already
  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  void separate();
  std::string& out_;
  std::uint64_t objects_ = 0;  // one bit a level: object or array
  bool first_ = true;
  bool after_key_ = false;
};

// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace hg
