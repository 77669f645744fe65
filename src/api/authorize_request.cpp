#include "api/authorize_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/form.h"
#include "api/pages.h"
#include "identity/redirect_uri.h"
#include "identity/resources.h"

namespace hg::api {

namespace {

using identity::oauth_fail;
using identity::OAuthResult;

std::string encoded(const Form& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

OAuthResult<void> read_mode(AuthorizeRequest& request, const Form& query) {
  const std::string mode = text_of(query, "response_mode");
  if (mode.empty() || mode == "query") return {};
  if (mode != "fragment" && mode != "form_post")
    return oauth_fail("invalid_request", "response_mode is query, fragment or form_post");
  request.mode = mode == "fragment" ? ResponseMode::fragment : ResponseMode::form_post;
  return {};
}

OAuthResult<void> read_prompt(AuthorizeRequest& request, const Form& query) {
  std::string prompts = text_of(query, "prompt");
  int named = 0;
  for (std::string_view rest = prompts; !(rest = trim(rest)).empty(); ++named) {
    const std::string_view one = rest.substr(0, rest.find(' '));
    rest.remove_prefix(one.size());
    if (one == "login" || one == "select_account")
      request.ask = true;
    else if (one == "none")
      request.silent = true;
    else if (one == "consent")
      request.consent = true;
    else
      return oauth_fail("invalid_request", "prompt is login, none, select_account or consent");
  }
  if (request.silent && named > 1) return oauth_fail("invalid_request", "prompt=none stands alone");
  return {};
}

OAuthResult<void> read_max_age(AuthorizeRequest& request, const Form& query) {
  const std::string text = text_of(query, "max_age");
  if (text.empty()) return {};
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > 1'000'000'000)
    return oauth_fail("invalid_request", "max_age is a number of seconds");
  request.max_age = std::chrono::seconds(seconds);
  return {};
}

OAuthResult<void> read_challenge(AuthorizeRequest& request, const Form& query) {
  request.code_challenge = text_of(query, "code_challenge");
  const std::string method = text_of(query, "code_challenge_method");
  if (request.code_challenge.empty()) {
    const auto& application = request.application;
    const bool optional = application.confidential && application.pkce_optional && request.redirect_kind == "web";
    if (optional && method.empty()) return {};
    return oauth_fail("invalid_request", "code_challenge is missing: PKCE (S256) is required");
  }
  if (method != "S256") return oauth_fail("invalid_request", "code_challenge_method must be S256");
  const auto digest = from_base64url(request.code_challenge);
  if (request.code_challenge.size() != 43 || !digest || digest->size() != 32)
    return oauth_fail("invalid_request", "code_challenge is no base64url of a SHA-256");
  return {};
}

OAuthResult<void> read_scopes(AuthorizeRequest& request, const Form& query, std::string_view base,
                              const identity::Directory& directory) {
  auto asked = identity::parse_scopes(text_of(query, "scope"), base);
  if (!asked) return std::unexpected(asked.error());
  if (const auto found = identity::find_resource(*asked, directory); !found) return found;
  if (const auto allowed = identity::check_allowed(*asked, request.application); !allowed) return allowed;
  request.asked = *std::move(asked);
  return {};
}

// The answer's parameters are made of characters that need no care in a header.
net::Response redirect(std::string location) {
  net::Response response;
  response.status = 302;
  response.headers.add("Location", location);
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

bool AuthorizeRequest::satisfied_by(const identity::SignedIn& signed_in, Time now) const {
  if (ask) return false;
  if (max_age && signed_in.session.created_at + *max_age <= now) return false;
  if (asked.scopes.administrative() && !signed_in.user.admin) return false;
  return login_hint.empty() || equal_ignoring_case(login_hint, signed_in.user.upn);
}

std::expected<AuthorizeRequest, std::string> find_client(const Form& query, const identity::Directory& directory) {
  if (repeats_a_name(query)) return std::unexpected("A parameter of the sign-in request is repeated.");
  const auto id = ApplicationId::parse(text_of(query, "client_id"));
  const identity::Application* application = id ? directory.application(*id) : nullptr;
  if (application == nullptr)
    return std::unexpected("The application that asks you to sign in is not registered here (client_id).");
  if (application->blocked) return std::unexpected("The application that asks you to sign in is blocked.");
  AuthorizeRequest request;
  request.redirect_uri = text_of(query, "redirect_uri");
  const std::string_view kind = identity::registered_kind(application->redirect_uris, request.redirect_uri);
  if (kind.empty())
    return std::unexpected(
        "The address to return to is not one that is registered for the application (redirect_uri).");
  const std::string type = text_of(query, "response_type");
  if (type.find("token") != std::string::npos)
    return std::unexpected(
        "The application uses the implicit grant, which is not supported here (unsupported_response_type): its sign-in "
        "library is too old. One that uses authorization codes with PKCE works, such as MSAL.js 2 or later.");
  request.redirect_kind = kind == "spa" ? "spa" : kind == "native" ? "native" : "web";
  request.application = *application;
  request.state = text_of(query, "state");
  return request;
}

OAuthResult<void> check_request(AuthorizeRequest& request, const Form& query, std::string_view base,
                                const identity::Directory& directory) {
  if (const auto mode = read_mode(request, query); !mode) return mode;
  if (const std::string type = text_of(query, "response_type"); type != "code")
    return oauth_fail("unsupported_response_type", fmt::format("response_type is {}; only code is supported", type));
  // OpenID Connect Core §6: request objects are not read, and so must not be passed over.
  if (find(query, "request") != nullptr) return oauth_fail("request_not_supported", "request is not supported");
  if (find(query, "request_uri") != nullptr)
    return oauth_fail("request_uri_not_supported", "request_uri is not supported");
  request.nonce = text_of(query, "nonce");
  request.login_hint = text_of(query, "login_hint");
  if (const auto challenge = read_challenge(request, query); !challenge) return challenge;
  if (const auto prompt = read_prompt(request, query); !prompt) return prompt;
  if (const auto age = read_max_age(request, query); !age) return age;
  return read_scopes(request, query, base, directory);
}

net::Response redirect_back(const AuthorizeRequest& request, const Form& parameters) {
  if (request.mode == ResponseMode::form_post) {
    std::string fields;
    for (const auto& [name, value] : parameters)
      if (!value.empty())
        fields +=
            fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", html_escape(name), html_escape(value));
    return page_response(200, fill_page("form_post.html", {{"action", request.redirect_uri}, {"fields_html", fields}}),
                         form_target(request.redirect_uri), kSubmitScript);
  }
  const char separator = request.mode == ResponseMode::fragment                ? '#'
                         : request.redirect_uri.find('?') == std::string::npos ? '?'
                                                                               : '&';
  return redirect(request.redirect_uri + separator + encoded(parameters));
}

std::string form_target(std::string_view redirect_uri) {
  const std::string origin = identity::origin_of(redirect_uri);
  // An IPv6 literal is no host of a policy: its scheme alone can be named.
  if (!origin.empty() && origin.find('[') == std::string::npos) return origin;
  return std::string(redirect_uri.substr(0, redirect_uri.find(':') + 1));
}

}  // namespace hg::api
