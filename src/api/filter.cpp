#include "api/filter.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/encoding.h"

namespace hg::api {
namespace {

using feed::Keep;
using model::Notification;

enum class Comparison : std::uint8_t { eq, ne, gt, ge, lt, le };
constexpr std::pair<std::string_view, Comparison> kComparisons[] = {{"eq", Comparison::eq}, {"ne", Comparison::ne},
                                                                    {"gt", Comparison::gt}, {"ge", Comparison::ge},
                                                                    {"lt", Comparison::lt}, {"le", Comparison::le}};

// What a property is compared by. A Choice is a text out of a closed set, which `canonical` knows in any case.
using Id = NotificationId (*)(const Notification&);
using Text = std::optional<std::string_view> (*)(const Notification&);
using Moment = std::optional<Time> (*)(const Notification&);
struct Choice {
  std::string_view (*of)(const Notification&);
  std::optional<std::string_view> (*canonical)(std::string_view);
  std::string_view right;
};

template <auto parse>
std::optional<std::string_view> canonical(std::string_view text) {
  const auto value = parse(text);
  return value ? std::optional(name(*value)) : std::nullopt;
}

struct Property {
  std::string_view name;
  std::variant<Id, Text, Moment, Choice> by;
};

const Property kFilterable[] = {
    {"id", Id([](const Notification& n) { return n.id; })},
    {"groupName", Text([](const Notification& n) -> std::optional<std::string_view> { return n.content.group_name; })},
    {"appNotificationId",
     Text([](const Notification& n) -> std::optional<std::string_view> { return n.content.app_notification_id; })},
    {"priority", Choice{[](const Notification& n) { return name(n.content.priority); },
                        canonical<model::parse_priority>, "'None', 'High', 'Low' or null"}},
    {"readState", Choice{[](const Notification& n) { return name(n.read_state); }, canonical<model::parse_read_state>,
                         "'unread', 'read' or null"}},
    {"userActionState",
     Choice{[](const Notification& n) { return name(n.action_state); }, canonical<model::parse_action_state>,
            "'noInteraction', 'activated', 'dismissed', 'snoozed' or null"}},
    {"status", Choice{[](const Notification& n) { return name(n.status); }, canonical<model::parse_status>,
                      "'active', 'updated', 'deleted' or null"}},
    {"creationDateTime", Moment([](const Notification& n) { return std::optional(n.created_at); })},
    {"lastModifiedDateTime", Moment([](const Notification& n) { return n.modified_at; })},
};

std::string property_names() {
  std::string names;
  for (const auto& property : kFilterable) names.append(names.empty() ? "" : ", ").append(property.name);
  return names;
}

template <class A, class B>
bool holds(Comparison op, const std::optional<A>& seen, const std::optional<B>& asked) {
  if (op == Comparison::eq) return seen == asked;
  if (op == Comparison::ne) return seen != asked;
  if (!seen || !asked) return false;
  if (op == Comparison::gt) return *seen > *asked;
  if (op == Comparison::ge) return *seen >= *asked;
  return op == Comparison::lt ? *seen < *asked : *seen <= *asked;
}

template <class Of, class Value>
Keep comparing(Of of, Comparison op, std::optional<Value> asked) {
  return [of, op, asked = std::move(asked)](const Notification& n) { return holds(op, std::optional(of(n)), asked); };
}

struct Token {
  enum class Kind : std::uint8_t { word, text, open, close, end };
  Kind kind = Kind::end;
  std::string_view raw = {};  // of a text without its quotes, with '' as it stands
  std::size_t at = 0;

  [[nodiscard]] bool word(std::string_view keyword) const {
    return kind == Kind::word && equal_ignoring_case(raw, keyword);
  }
};

std::string unquoted(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text += raw[i];
    if (raw[i] == '\'') ++i;
  }
  return text;
}

bool in_word(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || std::string_view("._:+-/").contains(c);
}

// either := both { "or" both };  both := one { "and" one };  one := "not" one | "(" either ")" | comparison
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Keep> whole();

 private:
  Result<void> advance();
  Result<Keep> either();
  Result<Keep> both();
  Result<Keep> one();
  Result<Keep> negation();
  Result<Keep> parenthesis();
  Result<Keep> comparison();
  Result<const Property*> property();
  Result<Comparison> operation();
  Result<Keep> compared(const Property& property, Comparison op);
  Result<std::optional<std::string>> literal(std::string_view right);

  [[nodiscard]] std::unexpected<Error> refuse(std::size_t at, std::string_view message) const {
    return fail(Code::invalid_query_option,
                fmt::format("$filter, column {}: {}", code_points(text_.substr(0, at)) + 1, message), "$filter");
  }

  std::string_view text_;
  std::size_t next_ = 0;  // behind token_
  Token token_;
  std::size_t terms_ = 0, depth_ = 0;
};

Result<void> Parser::advance() {
  while (next_ < text_.size() && (text_[next_] == ' ' || text_[next_] == '\t')) ++next_;
  token_ = {.at = next_};
  if (next_ == text_.size()) return {};
  const std::size_t start = next_;
  const char first = text_[next_++];
  if (first == '(' || first == ')') {
    token_.kind = first == '(' ? Token::Kind::open : Token::Kind::close;
  } else if (first == '\'') {
    token_.kind = Token::Kind::text;
    auto close = text_.find('\'', next_);
    while (close != std::string_view::npos && text_.substr(close).starts_with("''"))
      close = text_.find('\'', close + 2);
    if (close == std::string_view::npos)
      return refuse(start, "this text has no closing quote; a quote within a text is written twice");
    token_.raw = text_.substr(next_, close - next_);
    next_ = close + 1;
  } else if (in_word(first)) {
    token_.kind = Token::Kind::word;
    while (next_ < text_.size() && in_word(text_[next_])) ++next_;
    token_.raw = text_.substr(start, next_ - start);
  } else {
    return refuse(start, "this character is neither of a name nor of a value; texts stand in single quotes");
  }
  return {};
}

Result<Keep> Parser::whole() {
  HG_CHECK(advance());
  HG_TRY(auto keep, either());
  if (token_.kind != Token::Kind::end) return refuse(token_.at, "and, or or the end is right here");
  return keep;
}

Result<Keep> Parser::either() {
  HG_TRY(auto keep, both());
  while (token_.word("or")) {
    HG_CHECK(advance());
    HG_TRY(auto other, both());
    keep = [a = std::move(keep), b = std::move(other)](const Notification& n) { return a(n) || b(n); };
  }
  return keep;
}

Result<Keep> Parser::both() {
  HG_TRY(auto keep, one());
  while (token_.word("and")) {
    HG_CHECK(advance());
    HG_TRY(auto other, one());
    keep = [a = std::move(keep), b = std::move(other)](const Notification& n) { return a(n) && b(n); };
  }
  return keep;
}

Result<Keep> Parser::one() {
  const bool negated = token_.word("not");
  if (!negated && token_.kind != Token::Kind::open) return comparison();
  if (++depth_ > kMaxFilterDepth)
    return refuse(token_.at, fmt::format("not and parentheses go deeper than {}", kMaxFilterDepth));
  auto keep = negated ? negation() : parenthesis();
  --depth_;
  return keep;
}

Result<Keep> Parser::negation() {
  HG_CHECK(advance());
  HG_TRY(auto keep, one());
  return [inner = std::move(keep)](const Notification& n) { return !inner(n); };
}

Result<Keep> Parser::parenthesis() {
  HG_CHECK(advance());
  HG_TRY(auto keep, either());
  if (token_.kind != Token::Kind::close) return refuse(token_.at, "and, or or ) is right here");
  HG_CHECK(advance());
  return keep;
}

Result<Keep> Parser::comparison() {
  HG_TRY(const Property* subject, property());
  HG_TRY(const Comparison op, operation());
  return compared(*subject, op);
}

Result<const Property*> Parser::property() {
  for (const auto& known : kFilterable) {
    if (token_.kind != Token::Kind::word || token_.raw != known.name) continue;
    if (++terms_ > kMaxFilterTerms) return refuse(token_.at, fmt::format("more than {} comparisons", kMaxFilterTerms));
    HG_CHECK(advance());
    return &known;
  }
  if (token_.kind != Token::Kind::word)
    return refuse(token_.at, "a comparison is right here, as in readState eq 'unread'");
  constexpr std::size_t kShown = 60;
  return refuse(token_.at,
                fmt::format("{} is not filtered by; {} are", token_.raw.substr(0, kShown), property_names()));
}

Result<Comparison> Parser::operation() {
  for (const auto& [word, op] : kComparisons) {
    if (!token_.word(word)) continue;
    HG_CHECK(advance());
    return op;
  }
  return refuse(token_.at, "eq, ne, gt, ge, lt or le is right here");
}

// The text of a literal; nullopt: null. Dates are words.
Result<std::optional<std::string>> Parser::literal(std::string_view right) {
  const Token token = token_;
  if (token.kind != Token::Kind::word && token.kind != Token::Kind::text)
    return refuse(token.at, fmt::format("the value is missing; {} is right", right));
  HG_CHECK(advance());
  if (token.word("null")) return std::nullopt;
  return token.kind == Token::Kind::text ? unquoted(token.raw) : std::string(token.raw);
}

Result<Keep> Parser::compared(const Property& property, Comparison op) {
  const Token value = token_;
  const bool quoted = value.kind == Token::Kind::text;
  const auto wrong = [&](std::string_view right) {
    return refuse(value.at, fmt::format("{} is compared with {}", property.name, right));
  };
  if (const auto* moment = std::get_if<Moment>(&property.by)) {
    constexpr std::string_view right = "a date and time as in 2026-11-30T22:05:36Z (a + in it sent as %2B), or null";
    HG_TRY(const auto text, literal(right));
    const auto time = text ? parse_iso(*text) : std::nullopt;
    return text && !time ? Result<Keep>(wrong(right)) : comparing(*moment, op, time);
  }
  if (const auto* choice = std::get_if<Choice>(&property.by)) {
    HG_TRY(const auto text, literal(choice->right));
    const auto known = text && quoted ? choice->canonical(*text) : std::nullopt;
    return text && !known ? Result<Keep>(wrong(choice->right)) : comparing(choice->of, op, known);
  }
  if (const auto* id = std::get_if<Id>(&property.by)) {
    constexpr std::string_view right = "a GUID in single quotes, or null";
    HG_TRY(const auto text, literal(right));
    const auto guid = text ? NotificationId::parse(*text) : std::nullopt;
    return text && !guid ? Result<Keep>(wrong(right)) : comparing(*id, op, guid);
  }
  constexpr std::string_view right = "a text in single quotes, or null";
  HG_TRY(auto text, literal(right));
  return text && !quoted ? Result<Keep>(wrong(right)) : comparing(std::get<Text>(property.by), op, std::move(text));
}

}  // namespace

Result<Keep> parse_filter(std::string_view text) { return Parser(text).whole(); }

}  // namespace hg::api
