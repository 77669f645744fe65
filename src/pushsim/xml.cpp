#include "pushsim/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/encoding.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kMostDepth = 64;

bool name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool name_char(char c) { return name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }
bool space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void append_code_point(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// XML 1.0 §2.2: what may stand in a document.
bool is_char(unsigned code) {
  return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code < 0xd800) ||
         (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Xml> read() {
    skip("\xef\xbb\xbf");
    if (!valid_utf8(text_)) return wrong("it is no UTF-8");
    if (std::ranges::any_of(text_, [](char c) { return static_cast<unsigned char>(c) < 0x20 && !space(c); }))
      return wrong("a control character");
    HG_CHECK(misc());
    if (at_end() || peek() != '<') return wrong("an element is expected");
    HG_CHECK(element(0));
    HG_CHECK(misc());
    if (!at_end()) return wrong("something stands behind the root element");
    return std::move(xml_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  bool skip(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip_space() {
    while (!at_end() && space(peek())) ++at_;
  }
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const {
    return fail(Code::property_invalid, fmt::format("{} at character {}", what, at_));
  }
  Result<void> skip_past(std::string_view end) {
    const auto found = text_.find(end, at_);
    if (found == std::string_view::npos) return wrong(fmt::format("no {}", end));
    at_ = found + end.size();
    return {};
  }

  // Declaration, comments, processing instructions.
  Result<void> misc() {
    for (skip_space(); !at_end(); skip_space()) {
      if (skip("<!--")) {
        HG_CHECK(skip_past("-->"));
      } else if (skip("<?")) {
        HG_CHECK(skip_past("?>"));
      } else if (text_.substr(at_).starts_with("<!")) {
        return wrong("a document type is not allowed");
      } else {
        break;
      }
    }
    return {};
  }

  Result<std::string> name() {
    const auto start = at_;
    if (at_end() || !name_start(peek())) return wrong("a name is expected");
    while (!at_end() && name_char(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Result<void> reference(std::string& out) {
    const auto end = text_.find(';', at_);
    if (end == std::string_view::npos) return wrong("& that begins no entity");
    const auto what = text_.substr(at_ + 1, end - at_ - 1);
    constexpr std::pair<std::string_view, char> known[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    const auto* entity = std::ranges::find(known, what, &std::pair<std::string_view, char>::first);
    if (entity != std::end(known)) {
      out += entity->second;
    } else {
      const bool hexadecimal = what.starts_with("#x");
      const auto number = what.substr(std::min<std::size_t>(hexadecimal ? 2 : 1, what.size()));
      unsigned code = 0;
      const auto [stop, error] =
          std::from_chars(number.data(), number.data() + number.size(), code, hexadecimal ? 16 : 10);
      if (!what.starts_with('#') || error != std::errc() || stop != number.data() + number.size() || !is_char(code))
        return wrong("an unknown entity");
      append_code_point(out, code);
    }
    at_ = end + 1;
    return {};
  }

  Result<void> attributes() {
    std::vector<std::string> seen;
    for (;;) {
      const bool spaced = !at_end() && space(peek());
      skip_space();
      if (at_end()) return wrong("a tag that does not end");
      if (peek() == '>' || peek() == '/') return {};
      if (!spaced) return wrong("white space is expected before an attribute");
      HG_TRY(auto attribute, name());
      if (std::ranges::find(seen, attribute) != seen.end()) return wrong("an attribute that stands there twice");
      seen.push_back(std::move(attribute));
      skip_space();
      if (!skip("=")) return wrong("= is expected");
      skip_space();
      if (at_end() || (peek() != '"' && peek() != '\'')) return wrong("a quoted value is expected");
      const char quote = peek();
      ++at_;
      std::string value;
      while (!at_end() && peek() != quote) {
        if (peek() == '<') return wrong("< in a value");
        if (peek() == '&') {
          HG_CHECK(reference(value));
        } else {
          ++at_;
        }
      }
      if (!skip(std::string_view(&quote, 1))) return wrong("a value that does not end");
    }
  }

  Result<void> element(std::size_t depth) {
    if (depth > kMostDepth) return wrong("nested too deep");
    ++at_;  // <
    HG_TRY(const auto tag, name());
    if (depth == 0) xml_.root = tag;
    HG_CHECK(attributes());
    if (skip("/>")) return {};
    if (!skip(">")) return wrong("> is expected");
    HG_CHECK(content(depth));
    HG_TRY(const auto closing, name());
    if (closing != tag) return wrong(fmt::format("<{}> is closed by </{}>", tag, closing));
    skip_space();
    if (!skip(">")) return wrong("> is expected");
    return {};
  }

  // Up to and with the "</" of the closing tag.
  Result<void> content(std::size_t depth) {
    std::string text;
    for (;;) {
      if (at_end()) return wrong("an element that is not closed");
      if (skip("</")) break;
      if (skip("<!--")) {
        HG_CHECK(skip_past("-->"));
      } else if (skip("<![CDATA[")) {
        const auto start = at_;
        HG_CHECK(skip_past("]]>"));
        text += text_.substr(start, at_ - 3 - start);
      } else if (skip("<?")) {
        HG_CHECK(skip_past("?>"));
      } else if (peek() == '<') {
        HG_CHECK(element(depth + 1));
      } else if (peek() == '&') {
        HG_CHECK(reference(text));
      } else {
        text += text_[at_++];
      }
    }
    if (!std::ranges::all_of(text, space)) xml_.texts.push_back(std::move(text));
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Xml xml_;
};

}  // namespace

Result<Xml> read_xml(std::string_view text) { return Reader(text).read(); }

}  // namespace hg::pushsim
