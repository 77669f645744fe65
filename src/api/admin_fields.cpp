#include "api/admin_fields.h"

#include "api/target.h"

namespace hg::api::admin {

const json::value* Fields::member(std::string_view name) {
  asked_.emplace_back(name);
  const json::value* found = body_.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

void Fields::mistake(Code code, std::string_view name, std::string_view right) {
  mistakes_.push_back({code, std::string(name) + " " + std::string(right), "/" + std::string(name)});
}

std::optional<std::string> Fields::text(std::string_view name) {
  const json::value* found = member(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return std::string(found->get_string());
  mistake(Code::property_invalid, name, "is no string");
  return std::nullopt;
}

std::string Fields::required(std::string_view name) {
  const std::size_t before = mistakes_.size();
  const auto found = text(name);
  if ((!found || found->empty()) && mistakes_.size() == before) mistake(Code::property_missing, name, "is missing");
  return found.value_or("");
}

std::optional<bool> Fields::flag(std::string_view name) {
  const json::value* found = member(name);
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->get_bool();
  mistake(Code::property_invalid, name, "is neither true nor false");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name) {
  const json::value* found = member(name);
  if (found == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  if (found->is_array()) {
    for (const json::value& element : found->get_array()) {
      if (element.is_string()) texts.emplace_back(element.get_string());
    }
    if (texts.size() == found->get_array().size()) return texts;
  }
  mistake(Code::property_invalid, name, "is no list of strings");
  return std::nullopt;
}

std::optional<Time> Fields::time(std::string_view name) {
  const auto found = text(name);
  if (!found) return std::nullopt;
  if (const auto time = parse_iso(*found)) return time;
  mistake(Code::property_invalid, name, "is no ISO 8601 date and time");
  return std::nullopt;
}

std::optional<std::optional<std::int64_t>> Fields::number_or_null(std::string_view name) {
  const json::value* found = member(name);
  if (found == nullptr) return body_.contains(name) ? std::optional(std::optional<std::int64_t>()) : std::nullopt;
  if (found->is_int64()) return std::optional(found->get_int64());
  mistake(Code::property_invalid, name, "is no whole number");
  return std::nullopt;
}

const json::object* Fields::object(std::string_view name) {
  const json::value* found = member(name);
  if (found == nullptr) return nullptr;
  if (found->is_object()) return &found->get_object();
  mistake(Code::property_invalid, name, "is no object");
  return nullptr;
}

Result<void> Fields::done() const {
  std::vector<Error> mistakes = mistakes_;
  // An operator who mistypes a property must hear of it.
  for (const auto& known : body_) {
    const std::string_view name = known.key();
    if (std::ranges::find(asked_, name) == asked_.end())
      mistakes.push_back(
          {Code::property_invalid, std::string(name) + " is not a property of this call", "/" + std::string(name)});
  }
  if (mistakes.empty()) return {};
  Error error = std::move(mistakes.front());
  error.details.assign(std::make_move_iterator(mistakes.begin() + 1), std::make_move_iterator(mistakes.end()));
  return fail(std::move(error));
}

Result<json::object> body_object(const Call& call) {
  if (call.request.body.empty()) return json::object{};
  HG_TRY(auto body, body_json(call));
  if (!body.is_object()) return fail(Code::not_an_object, "the body is one JSON object");
  return std::move(body.get_object());
}

asio::awaitable<identity::Actor> actor(Call& call) {
  const identity::Principal& principal = call.principal;
  if (principal.local_administrator) co_return identity::Actor{"local administrator"};
  if (principal.app_only) co_return identity::Actor{principal.application.str()};
  co_return identity::Actor{co_await upn_of(call, principal.user)};
}

asio::awaitable<Result<store::User>> user_named(Call& call, std::string name) {
  auto user = co_await call.services.registry.user(name);
  if (!user) co_return fail(Code::not_found, "there is no user " + name);
  co_return std::move(*user);
}

Result<ApplicationId> application_named(const Call& call, std::string_view name) {
  const auto directory = call.services.registry.directory();
  if (const auto id = ApplicationId::parse(name)) {
    if (directory->application(*id) != nullptr) return *id;
    return fail(Code::not_found, "there is no application " + std::string(name));
  }
  const auto found = directory->applications_named(name);
  if (found.empty()) return fail(Code::not_found, "there is no application " + std::string(name));
  if (found.size() == 1) return found.front()->id;
  std::string ids;
  for (const auto* one : found) ids.append(ids.empty() ? "" : ", ").append(one->id.str());
  return fail(Code::conflict, "several applications are called " + std::string(name) + "; name one by its id: " + ids);
}

Result<AppId> path_app(const Call& call) { return app_named(call, path_text(call, "hostName")); }

Result<AppId> app_named(const Call& call, const std::optional<std::string>& host) {
  const auto directory = call.services.registry.directory();
  if (host) {
    const auto* found = directory->cross_device_app(std::string_view(*host));
    if (found == nullptr) return fail(Code::not_found, "there is no cross-device app " + *host);
    return found->id;
  }
  const auto& all = directory->cross_device_apps();
  if (all.size() == 1) return all.begin()->first;
  std::string names;
  for (const auto& [id, app] : all) names.append(names.empty() ? "" : ", ").append(app.host_name);
  return fail(Code::ambiguous_target_host_name,
              all.empty() ? "there is no cross-device app yet" : "name a cross-device app, one of " + names);
}

std::string path_text(const Call& call, std::string_view name) { return call.params.decoded(name).value_or(""); }

void write_texts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.array();
  for (const std::string& text : texts) out.value(text);
  out.end();
}

void write_texts(JsonWriter& out, const std::vector<std::pair<std::string, std::string>>& pairs,
                 std::string_view kind) {
  out.array();
  for (const auto& [first, second] : pairs) {
    if (first == kind) out.value(second);
  }
  out.end();
}

}  // namespace hg::api::admin
