#include "api/authorize_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/pages.h"
#include "identity/redirect_uri.h"

namespace hg::api {

namespace {

constexpr std::string_view kSubmit = "document.forms[0].submit()";

std::string text_of(const Form& query, std::string_view name) {
  const std::string* found = find(query, name);
  return found == nullptr ? std::string() : *found;
}

bool repeated(const Form& query) {
  for (auto at = query.begin(); at != query.end(); ++at)
    if (std::find_if(at + 1, query.end(), [&](const auto& other) { return other.first == at->first; }) != query.end())
      return true;
  return false;
}

std::string encoded(const Form& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

bool known_scope_names(const identity::Application& application, const identity::Asked& asked) {
  identity::Scopes allowed;
  for (const std::string& scope : application.scopes)
    if (const auto parsed = identity::parse_scopes(scope, "")) {
      for (const auto one :
           {identity::Scope::notifications, identity::Scope::activities, identity::Scope::admin, identity::Scope::read})
        if (parsed->scopes.has(one)) allowed.add(one);
    }
  using identity::Scope;
  for (const Scope one : {Scope::admin, Scope::read})
    if (asked.scopes.has(one) && !allowed.has(one)) return false;
  if (application.scopes.empty()) return true;
  for (const Scope one : {Scope::notifications, Scope::activities})
    if (!asked.everything && asked.scopes.has(one) && !allowed.has(one)) return false;
  return true;
}

}  // namespace

std::expected<AuthorizeRequest, std::string> find_client(const Form& query, const identity::Directory& directory) {
  if (repeated(query)) return std::unexpected("A parameter of the sign-in request is repeated.");
  const auto id = ApplicationId::parse(text_of(query, "client_id"));
  const identity::Application* application = id ? directory.application(*id) : nullptr;
  if (application == nullptr)
    return std::unexpected("The application that asks you to sign in is not registered here (client_id).");
  if (application->blocked) return std::unexpected("The application that asks you to sign in is blocked.");
  AuthorizeRequest request;
  request.application = *application;
  request.redirect_uri = text_of(query, "redirect_uri");
  if (request.redirect_uri.empty() ||
      identity::registered_kind(application->redirect_uris, request.redirect_uri).empty())
    return std::unexpected(
        "The address to return to is not one that is registered for the application (redirect_uri).");
  request.state = text_of(query, "state");
  return request;
}

identity::OAuthResult<void> check_request(AuthorizeRequest& request, const Form& query, std::string_view base) {
  using identity::oauth_fail;
  const std::string type = text_of(query, "response_type");
  const std::string mode = text_of(query, "response_mode");
  if (mode == "fragment") request.mode = ResponseMode::fragment;
  if (mode == "form_post") request.mode = ResponseMode::form_post;
  if (!mode.empty() && mode != "query" && mode != "fragment" && mode != "form_post")
    return oauth_fail("invalid_request", "response_mode is query, fragment or form_post");
  if (type != "code")
    return oauth_fail("unsupported_response_type",
                      fmt::format("response_type is \"{}\"; only code is supported", type));
  request.nonce = text_of(query, "nonce");
  request.login_hint = text_of(query, "login_hint");
  request.prompt = text_of(query, "prompt");
  request.code_challenge = text_of(query, "code_challenge");
  const std::string method = text_of(query, "code_challenge_method");
  if (request.code_challenge.empty()) {
    const bool optional = request.application.confidential && request.application.pkce_optional;
    if (!optional || !method.empty())
      return oauth_fail("invalid_request", "code_challenge is missing: PKCE (S256) is required");
  } else {
    if (method != "S256") return oauth_fail("invalid_request", "code_challenge_method must be S256");
    if (const auto digest = from_base64url(request.code_challenge); !digest || digest->size() != 32)
      return oauth_fail("invalid_request", "code_challenge is no base64url of a SHA-256");
  }
  for (const std::string_view known : {"", "login", "none", "select_account", "consent"})
    if (request.prompt == known) {
      auto asked = identity::parse_scopes(text_of(query, "scope"), base);
      if (!asked) return std::unexpected(asked.error());
      if (!asked->foreign.empty())
        return oauth_fail("invalid_scope", fmt::format("there is no resource {} here", asked->foreign));
      if (!known_scope_names(request.application, *asked))
        return oauth_fail("invalid_scope", "the application may not ask for a scope it names");
      request.asked = std::move(*asked);
      return {};
    }
  return oauth_fail("invalid_request", "prompt is login, none, select_account or consent");
}

net::Response redirect_back(const AuthorizeRequest& request, const Form& parameters) {
  if (request.mode == ResponseMode::form_post) {
    std::string fields;
    for (const auto& [name, value] : parameters)
      if (!value.empty())
        fields +=
            fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", html_escape(name), html_escape(value));
    return page_response(200, fill_page("form_post.html", {{"action", request.redirect_uri}, {"fields_html", fields}}),
                         identity::origin_of(request.redirect_uri), kSubmit);
  }
  const char separator = request.mode == ResponseMode::fragment                ? '#'
                         : request.redirect_uri.find('?') == std::string::npos ? '?'
                                                                               : '&';
  net::Response response;
  response.status = 302;
  response.headers.add("Location", request.redirect_uri + separator + encoded(parameters));
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace hg::api
