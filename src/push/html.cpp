#include "push/html.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace hg::push {

namespace {

constexpr auto kElements = std::to_array<std::string_view>(
    {"a",    "abbr",   "b",   "blockquote", "br",    "caption", "code", "dd", "div",   "dl", "dt",  "em", "h1",
     "h2",   "h3",     "h4",  "h5",         "h6",    "hr",      "i",    "li", "ol",    "p",  "pre", "s",  "small",
     "span", "strong", "sub", "sup",        "table", "tbody",   "td",   "th", "thead", "tr", "u",   "ul"});
// Of these what stands within goes too.
constexpr auto kContentsToo = std::to_array<std::string_view>(
    {"script", "style", "title", "textarea", "iframe", "noscript", "object", "template", "select", "svg", "math"});
constexpr auto kLines =
    std::to_array<std::string_view>({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote", "hr"});

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }
bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

struct Tag {
  std::string name;  // lower case
  bool closing = false;
  std::string href;  // of a link, decoded as far as it matters
};

// One piece of HTML after the other: text, or a tag.
class Pieces {
 public:
  explicit Pieces(std::string_view html) : rest_(html) {}
  struct Piece {
    std::string_view text;
    std::optional<Tag> tag;
  };

  bool next(Piece& piece) {
    if (rest_.empty()) return false;
    piece = {};
    if (rest_.front() != '<') {
      piece.text = take(std::min(rest_.find('<'), rest_.size()));
    } else if (rest_.starts_with("<!--")) {
      take_past("-->");
    } else if (rest_.starts_with("<!") || rest_.starts_with("<?")) {
      take_past(">");
    } else if (const bool closing = rest_.starts_with("</"); begins_name(closing ? 2 : 1)) {
      piece.tag = tag(closing);
    } else {
      piece.text = take(1);  // a '<' that begins nothing
    }
    return true;
  }

  // Past the end of `name`, or to the end of all.
  void skip(const std::string& name) {
    const std::string end = "</" + name;
    while (!rest_.empty() && !equal_ignoring_case(rest_.substr(0, end.size()), end)) rest_.remove_prefix(1);
    take_past(">");
  }

 private:
  std::string_view take(std::size_t length) {
    const auto taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  void take_past(std::string_view end) {
    const auto at = rest_.find(end);
    take(at == std::string_view::npos ? rest_.size() : at + end.size());
  }
  [[nodiscard]] bool begins_name(std::size_t at) const {
    return at < rest_.size() && ((rest_[at] >= 'a' && rest_[at] <= 'z') || (rest_[at] >= 'A' && rest_[at] <= 'Z'));
  }
  std::string_view word(std::string_view ends) {
    std::size_t length = 0;
    while (length < rest_.size() && !blank(rest_[length]) && !ends.contains(rest_[length])) ++length;
    return take(length);
  }
  void skip_blanks() {
    while (!rest_.empty() && (blank(rest_.front()) || rest_.front() == '/')) rest_.remove_prefix(1);
  }

  Tag tag(bool closing) {
    take(closing ? 2 : 1);
    Tag tag{.name = lower(word("/>")), .closing = closing, .href = {}};
    for (skip_blanks(); !rest_.empty() && rest_.front() != '>'; skip_blanks()) {
      std::string name = lower(word("=/>"));
      if (name.empty()) name = take(1);
      std::string_view text = value();
      if (name == "href") tag.href = text;
    }
    take(1);
    return tag;
  }

  std::string_view value() {
    std::string_view before = rest_;
    while (!rest_.empty() && blank(rest_.front())) rest_.remove_prefix(1);
    if (!rest_.starts_with('=')) {
      rest_ = before;
      return {};
    }
    take(1);
    while (!rest_.empty() && blank(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return word(">");
    const char quote = take(1).front();
    const auto text = take(std::min(rest_.find(quote), rest_.size()));
    take(1);
    return text;
  }

  std::string_view rest_;
};

// '&' stays where it begins a character reference: the text was escaped already.
std::string text_of(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto end = text.find(';', i);
    const bool reference = c == '&' && end != std::string_view::npos && end - i <= 10 && end > i + 1 &&
                           std::ranges::all_of(text.substr(i + 1, end - i - 1),
                                               [](unsigned char one) { return one == '#' || std::isalnum(one) != 0; });
    out += reference ? std::string(1, c) : html_escape(std::string_view(&c, 1));
  }
  return out;
}

// Only schemes that lead somewhere harmless; a character reference in the scheme would be another one to a reader.
bool harmless(std::string_view href) {
  const std::string start = lower(href.substr(0, 8));
  return start.starts_with("https://") || start.starts_with("http://") || start.starts_with("mailto:");
}

}  // namespace

std::string sanitized(std::string_view html) {
  std::string out;
  std::vector<std::string> open;
  Pieces pieces(html);
  for (Pieces::Piece piece; pieces.next(piece);) {
    if (!piece.tag) {
      out += text_of(piece.text);
    } else if (const Tag& tag = *piece.tag; among(kContentsToo, tag.name)) {
      if (!tag.closing) pieces.skip(tag.name);
    } else if (!among(kElements, tag.name)) {
      continue;
    } else if (tag.name == "br" || tag.name == "hr") {
      out += '<' + tag.name + '>';
    } else if (!tag.closing) {
      out += '<' + tag.name;
      if (tag.name == "a" && harmless(tag.href)) out += " href=\"" + text_of(tag.href) + "\" rel=\"noreferrer\"";
      out += '>';
      open.push_back(tag.name);
    } else if (std::ranges::find(open, tag.name) != open.end()) {
      for (bool found = false; !found; open.pop_back()) {
        found = open.back() == tag.name;
        out += "</" + open.back() + '>';
      }
    }
  }
  for (; !open.empty(); open.pop_back()) out += "</" + open.back() + '>';
  return out;
}

std::string plain_text(std::string_view html) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kReferences{
      {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&nbsp;", " "}, {"&amp;", "&"}}};
  std::string out;
  Pieces pieces(html);
  for (Pieces::Piece piece; pieces.next(piece);) {
    if (!piece.tag) {
      out += piece.text;
    } else if (const Tag& tag = *piece.tag; among(kContentsToo, tag.name)) {
      if (!tag.closing) pieces.skip(tag.name);
    } else if (among(kLines, tag.name) && !out.empty() && !out.ends_with('\n')) {
      out += '\n';
    }
  }
  for (const auto& [reference, text] : kReferences)
    for (std::size_t at = 0; (at = out.find(reference, at)) != std::string::npos; at += text.size())
      out.replace(at, reference.size(), text);
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace hg::push
