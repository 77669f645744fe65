// What every admin handler needs: the body's members by type, who acts, and what the path names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"

namespace hg::api::admin {

// The members of a JSON object; every mistake is found. null is absent.
class Fields {
 public:
  explicit Fields(const json::object& body) : body_(body) {}

  std::optional<std::string> text(std::string_view name);
  std::string required(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  std::optional<Time> time(std::string_view name);
  // A whole number, or null, which says something here: none.
  std::optional<std::optional<std::int64_t>> number_or_null(std::string_view name);
  const json::object* object(std::string_view name);

  // The mistakes, once all was asked for; names that nobody asked for among them.
  [[nodiscard]] Result<void> done() const;

 private:
  const json::value* member(std::string_view name);
  void mistake(Code code, std::string_view name, std::string_view right);

  const json::object& body_;
  std::vector<std::string> asked_;
  std::vector<Error> mistakes_;
};
// The body, which must be an object; an empty one where there is none.
Result<json::object> body_object(const Call& call);

// For the audit log.
asio::awaitable<identity::Actor> actor(Call& call);

// {user}, or a text that means one: id or userPrincipalName.
asio::awaitable<Result<store::User>> user_named(Call& call, std::string name);
// {application}: client id or display name.
Result<ApplicationId> application_named(const Call& call, std::string_view name);
// By host name; without one the only cross-device app there is.
Result<AppId> app_named(const Call& call, const std::optional<std::string>& host);
// {hostName} of the path.
Result<AppId> path_app(const Call& call);
// A {name} of the path, decoded; "" on a broken escape.
std::string path_text(const Call& call, std::string_view name);

// As text, or null where it is empty.
inline std::optional<std::string_view> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}
void write_texts(JsonWriter& out, const std::vector<std::string>& texts);
// The second of each pair whose first is `kind`.
void write_texts(JsonWriter& out, const std::vector<std::pair<std::string, std::string>>& pairs, std::string_view kind);

}  // namespace hg::api::admin
