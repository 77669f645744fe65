// The route table as OpenAPI 3.1.
#include <fmt/format.h>

#include <map>
#include <set>
#include <stdexcept>

#include "api/documents.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/encoding.h"

namespace hg::api::documents {
namespace {

constexpr std::string_view kDescription =
    "Heliograph, a notification service of one's own. An operation's x-aliases are other paths that mean the same; "
    "paths are matched without regard to case. docs/http-api.md tells by example what each call does.";

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) all.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return all;
}

json::object read(std::string_view name) { return json::parse(file(name)).as_object(); }

// The names an API goes by: of its tag, of its error's schema, and the headers each of its calls takes.
struct Api {
  std::string_view tag, error, headers;
};

Api api_of(const Route& route) {
  switch (route.shape) {
    case Shape::graph:
      return {"Graph API", "graphError", "client-request-id traceparent"};
    case Shape::feed:
      return {"Feed API", "feedError",
              "X-AFS-ClientInfo X-AFS-CV X-Device-Ticket If-Match If-None-Match client-request-id traceparent"};
    case Shape::admin:
      return {"Admin API", "graphError", "client-request-id traceparent"};
    case Shape::oauth:
      break;
  }
  return {route.pattern.starts_with("/{tenant}") ? "Identity platform" : "Service", "graphError", "client-request-id"};
}

json::value reference(std::string_view kind, std::string_view name) {
  return json::object{{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

// What a call must show: one of these; [] nothing at all.
json::array security(const Route& route) {
  json::array any;
  const auto bearer = [&](std::initializer_list<std::string_view> scopes) {
    any.push_back(json::object{{"bearer", json::array(scopes.begin(), scopes.end())}});
  };
  constexpr std::string_view notifications = "Notifications.ReadWrite.CreatedByApp";
  constexpr std::string_view activities = "UserActivity.ReadWrite.CreatedByApp";
  switch (route.who) {
    case Who::open:
      break;
    case Who::token:
    case Who::application:
      bearer({});
      break;
    case Who::profile:
      for (const std::string_view scope : {std::string_view("User.Read"), notifications, activities}) bearer({scope});
      break;
    case Who::user:
      bearer({notifications});
      break;
    case Who::ticket:
      any.push_back(json::object{{"notificationTicket", json::array{}}});
      break;
    case Who::feed_user:
      for (const std::string_view scope : {notifications, activities}) bearer({scope});
      break;
    case Who::either:
      bearer({notifications});
      bearer({});
      break;
    case Who::admin_read:
      bearer({"Heliograph.Read"});
      [[fallthrough]];
    case Who::admin_write:
      bearer({"Heliograph.Admin"});
      break;
  }
  if (route.is(kTickets)) any.push_back(json::object{{"ticket", json::array{}}});
  return any;
}

class Document {
 public:
  explicit Document(std::string_view version);
  void add(const Route& route);
  [[nodiscard]] std::string text() const { return json::serialize(root_); }

 private:
  [[nodiscard]] json::object operation(const Route& route, const std::vector<std::string>& forms) const;
  [[nodiscard]] json::array parameters(const Route& route, std::string_view path) const;
  [[nodiscard]] json::object parameter(const std::string& key, std::string_view name) const;
  [[nodiscard]] json::object request_body(const Route& route) const;
  [[nodiscard]] json::object responses(const Route& route) const;
  [[nodiscard]] json::value schema(std::string_view name) const;

  json::object root_;
  json::object schemas_;
  json::object parameters_ = read("parameters.json");
};

// The codes that an API says with a status: "itemNotFound"; "badRequest: invalidJson, notAnObject".
std::string codes_of(Shape shape, int status) {
  std::map<std::string, std::vector<std::string>> by_code;
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    const Problem& row = problem(static_cast<Code>(i));
    if ((shape == Shape::feed ? row.feed_status : row.status) != status) continue;
    auto& inner = by_code[shape == Shape::feed ? std::to_string(row.feed_code) : std::string(row.code)];
    if (shape != Shape::feed && !row.inner.empty()) inner.emplace_back(row.inner);
  }
  std::vector<std::string> texts;
  for (const auto& [code, inner] : by_code)
    texts.push_back(inner.empty() ? code : fmt::format("{}: {}", code, fmt::join(inner, ", ")));
  return fmt::format("{}", fmt::join(texts, "; "));
}

// What any call like it may be refused with.
std::set<int> usual_refusals(const Route& route) {
  std::set<int> all{400, 421, 500, 503};
  if (route.who != Who::open) all.insert({401, 403});
  if (route.who != Who::ticket && !route.is(kEverywhere) && !route.is(kOperators)) all.insert(429);
  if (route.pattern.contains('{') || route.shape == Shape::graph) all.insert(404);
  if (!route.is(kAnyType)) all.insert(406);
  if (route.wire.options.contains("X-UNS-ID")) all.insert(410);
  if (!route.wire.body.empty()) all.insert(413);
  if (!route.wire.body.empty() && !route.is(kForm)) all.insert(415);
  return all;
}

// "getMeNotificationsId" of GET /beta/me/notifications/{id}.
std::string operation_id(const Route& route, std::string_view path) {
  if (path.starts_with("/beta")) path.remove_prefix(5);
  std::string id = lower(route.method);
  bool capital = true;
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) id += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    capital = !letter;
  }
  return id;
}

Document::Document(std::string_view version) {
  for (const std::string_view name : {"graph.json", "feed.json", "admin.json", "identity.json"}) {
    for (const auto& [key, value] : read(name)) schemas_.insert({{key, value}});
  }
  root_["openapi"] = "3.1.0";
  root_["info"] = {{"title", "Heliograph"}, {"version", version}, {"description", kDescription}};
  root_["servers"] = json::array{{{"url", "/"}}};
  root_["paths"] = json::object();
  root_["components"] = {
      {"schemas", schemas_},
      {"securitySchemes",
       {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}},
        {"ticket", {{"type", "apiKey"}, {"in", "query"}, {"name", "ticket"}, {"description", "Of …/stream/tickets."}}},
        {"notificationTicket",
         {{"type", "apiKey"},
          {"in", "header"},
          {"name", "Authorization"},
          {"description", "Ticket, a space, and the ticket of a signal that came by push."}}}}}};
}

void Document::add(const Route& route) {
  const auto forms = paths(route);
  json::object& all = root_["paths"].as_object();
  if (!all.contains(forms.front())) all[forms.front()] = json::object();
  all[forms.front()].as_object()[lower(route.method)] = operation(route, forms);
}

json::object Document::operation(const Route& route, const std::vector<std::string>& forms) const {
  json::object operation{{"operationId", operation_id(route, forms.front())},
                         {"summary", route.summary},
                         {"tags", json::array{api_of(route).tag}},
                         {"security", security(route)},
                         {"parameters", parameters(route, forms.front())}};
  if (!route.wire.body.empty()) operation["requestBody"] = request_body(route);
  operation["responses"] = responses(route);
  if (forms.size() > 1) operation["x-aliases"] = json::array(forms.begin() + 1, forms.end());
  return operation;
}

json::object Document::parameter(const std::string& key, std::string_view name) const {
  const json::value* known = parameters_.if_contains(key);
  if (known == nullptr) throw std::logic_error(fmt::format("no parameter {}", key));
  json::object parameter{{"name", name}};
  for (const auto& [member, value] : known->as_object()) parameter[member] = value;
  if (key.starts_with('{')) parameter["required"] = true;
  return parameter;
}

json::array Document::parameters(const Route& route, std::string_view path) const {
  json::array all;
  for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
    const std::string key(path.substr(at, path.find('}', at) + 1 - at));
    all.push_back(parameter(key, std::string_view(key).substr(1, key.size() - 2)));
  }
  for (const std::string_view list : {route.wire.options, api_of(route).headers}) {
    for (const std::string& word : words(list)) all.push_back(parameter(word, word));
  }
  return all;
}

json::value Document::schema(std::string_view name) const {
  if (!schemas_.contains(name)) throw std::logic_error(fmt::format("no schema {}", name));
  return reference("schemas", name);
}

json::object Document::request_body(const Route& route) const {
  std::string_view name = route.wire.body;
  const bool optional = name.ends_with('?');
  if (optional) name.remove_suffix(1);
  const std::string_view type = route.is(kForm) ? "application/x-www-form-urlencoded" : "application/json";
  return {{"required", !optional}, {"content", {{type, {{"schema", schema(name)}}}}}};
}

json::object Document::responses(const Route& route) const {
  std::map<int, json::object> content;
  int status = 0;
  for (const std::string& word : words(route.wire.statuses)) {
    if (word.size() == 3 && word[0] >= '1' && word[0] <= '5') {
      status = std::stoi(word);
      content[status];
    } else if (word.contains('/')) {
      content[status][word] = json::object();
    } else {
      content[status]["application/json"] = {{"schema", schema(word)}};
    }
  }
  for (const int refusal : usual_refusals(route)) content[refusal];
  json::object all;
  for (auto& [code, types] : content) {
    json::object response{{"description", std::string(net::reason_phrase(code))}};
    if (code >= 400 && types.empty()) {
      response["description"] = codes_of(route.shape, code);
      types["application/json"] = {{"schema", schema(api_of(route).error)}};
    }
    if (!types.empty()) response["content"] = std::move(types);
    all[std::to_string(code)] = std::move(response);
  }
  return all;
}

}  // namespace

std::string openapi_text(std::string_view version) {
  Document document(version);
  for (const Route& route : routes()) document.add(route);
  return document.text();
}

}  // namespace hg::api::documents
