#include "api/sign_in.h"

#include <fmt/format.h>

#include "api/authorize_request.h"
#include "api/pages.h"
#include "crypto/hash.h"

namespace hg::api::sign_in {

namespace {

// Browsers refuse the __Host- prefix over plain http.
std::string cookie_name(const Call& call, std::string_view name) {
  return (call.base.starts_with("https:") ? "__Host-" : "") + std::string(name);
}

std::string cookie_of(const Call& call, std::string_view name) {
  const std::string wanted = cookie_name(call, name) + "=";
  for (const auto& field : call.request.headers) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view one = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (one.starts_with(wanted)) return std::string(one.substr(wanted.size()));
    }
  }
  return "";
}

void set_cookie(const Call& call, net::Response& response, std::string_view name, std::string_view value,
                std::string_view more = "") {
  const bool secure = call.base.starts_with("https:");
  response.headers.add("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax{}{}", cookie_name(call, name),
                                                 value, secure ? "; Secure" : "", more));
}

net::Response message_page(int status, std::string title, std::string text) {
  return page_response(status, fill_page("message.html", {{"title", std::move(title)}, {"text", std::move(text)}}));
}

// common, organizations, consumers and the GUID name the one tenant.
bool our_tenant(const Call& call) {
  const std::string tenant = lower(call.param("tenant"));
  return tenant == "common" || tenant == "organizations" || tenant == "consumers" ||
         tenant == call.services.registry.directory()->tenant().str();
}

net::Response unknown_tenant(const Call& call) {
  return json_response(
      400,
      fmt::format(
          R"({{"error":"invalid_tenant","error_description":"there is no tenant {} here; common and {} name the one there is"}})",
          html_escape(call.param("tenant")), call.services.registry.directory()->tenant().str()));
}

net::Response show_page(Call& call, const AuthorizeRequest& request, const std::string& username,
                        const std::string& error, int status) {
  const std::string csrf = crypto::random_token(24);
  const std::string error_html =
      error.empty() ? "" : fmt::format("<p class=\"error\" role=\"alert\">{}</p>", html_escape(error));
  net::Response response = page_response(status,
                                         fill_page("sign_in.html", {{"application", request.application.name},
                                                                    {"action", call.request.target},
                                                                    {"csrf", csrf},
                                                                    {"username", username},
                                                                    {"error_html", error_html}}),
                                         "*");
  set_cookie(call, response, "hg_csrf", csrf);
  return response;
}

net::Response tell_client(const Call& call, const AuthorizeRequest& request, const identity::OAuthError& error) {
  return redirect_back(request, {{"error", error.error},
                                 {"error_description", error.description},
                                 {"state", request.state},
                                 {"iss", call.services.issuer.issuer(call.base)}});
}

asio::awaitable<net::Response> send_code(Call& call, const AuthorizeRequest& request, UserId user, Guid session) {
  store::AuthorizationCode code;
  code.application = request.application.id;
  code.user = user;
  code.session = session;
  code.redirect_uri = request.redirect_uri;
  code.code_challenge = request.code_challenge;
  code.nonce = request.nonce;
  code.scopes = request.asked.spelling;
  code.audience = request.asked.audience;
  const std::string clear = co_await call.services.issuer.issue_code(std::move(code));
  co_return redirect_back(request,
                          {{"code", clear}, {"state", request.state}, {"iss", call.services.issuer.issuer(call.base)}});
}

// The request, or the answer that says what is wrong with it.
std::expected<AuthorizeRequest, net::Response> read_request(Call& call) {
  if (!our_tenant(call)) return std::unexpected(unknown_tenant(call));
  const auto directory = call.services.registry.directory();
  auto request = find_client(call.query, *directory);
  if (!request) return std::unexpected(message_page(400, "This sign-in cannot go on", request.error()));
  if (const auto checked = check_request(*request, call.query, call.base); !checked)
    return std::unexpected(tell_client(call, *request, checked.error()));
  return *std::move(request);
}

}  // namespace

Answer discovery(Call& call) {
  if (!our_tenant(call)) co_return unknown_tenant(call);
  const std::string root = fmt::format("{}/{}", call.base, call.services.registry.directory()->tenant().str());
  const std::string oauth = root + "/oauth2/v2.0";
  std::string out;
  JsonWriter writer(out);
  const auto list = [&](std::string_view name, std::initializer_list<std::string_view> values) {
    writer.key(name).array();
    for (const std::string_view value : values) writer.value(value);
    writer.end();
  };
  writer.object()
      .field("issuer", call.services.issuer.issuer(call.base))
      .field("authorization_endpoint", oauth + "/authorize")
      .field("token_endpoint", oauth + "/token");
  writer.field("jwks_uri", root + "/discovery/v2.0/keys").field("end_session_endpoint", oauth + "/logout");
  list("response_types_supported", {"code"});
  list("response_modes_supported", {"query", "fragment", "form_post"});
  list("grant_types_supported", {"authorization_code", "refresh_token", "client_credentials"});
  list("subject_types_supported", {"public"});
  list("id_token_signing_alg_values_supported", {"RS256"});
  list("token_endpoint_auth_methods_supported", {"client_secret_post", "client_secret_basic", "none"});
  list("code_challenge_methods_supported", {"S256"});
  list("scopes_supported",
       {"openid", "profile", "email", "offline_access", "User.Read", "Notifications.ReadWrite.CreatedByApp",
        "UserActivity.ReadWrite.CreatedByApp", "Heliograph.Admin", "Heliograph.Read"});
  list("claims_supported",
       {"iss", "sub", "aud", "exp", "iat", "oid", "tid", "sid", "nonce", "name", "preferred_username", "email"});
  writer.field("authorization_response_iss_parameter_supported", true).end();
  net::Response response = json_response(200, std::move(out));
  response.headers.add("Cache-Control", "public, max-age=300");
  co_return response;
}

Answer keys(Call& call) {
  if (!our_tenant(call)) co_return unknown_tenant(call);
  net::Response response = json_response(200, call.services.registry.directory()->jwks());
  response.headers.add("Cache-Control", "public, max-age=300");
  co_return response;
}

Answer authorize(Call& call) {
  auto request = read_request(call);
  if (!request) co_return std::move(request.error());
  const bool ask_again = request->prompt == "login" || request->prompt == "select_account";
  if (const std::string cookie = cookie_of(call, "hg_session"); !cookie.empty() && !ask_again)
    if (const auto signed_in = co_await call.services.issuer.session(cookie))
      co_return co_await send_code(call, *request, signed_in->second.id, signed_in->first.id);
  if (request->prompt == "none")
    co_return tell_client(call, *request, {"login_required", "nobody is signed in in this browser", 400});
  co_return show_page(call, *request, request->login_hint, "", 200);
}

Answer authorize_submit(Call& call) {
  auto request = read_request(call);
  if (!request) co_return std::move(request.error());
  const auto form = parse_form(call.request.body);
  if (!form) co_return message_page(400, "This sign-in cannot go on", "The form could not be read.");
  const auto field = [&](std::string_view name) {
    const std::string* found = find(*form, name);
    return found == nullptr ? std::string() : *found;
  };
  const std::string csrf = cookie_of(call, "hg_csrf");
  if (csrf.empty() || !crypto::equal(as_bytes(csrf), as_bytes(field("csrf"))))
    co_return message_page(
        403, "This sign-in cannot go on",
        "The page was not opened in this browser, or cookies are off. Go back to the application and sign in again.");
  const std::string username = field("username");
  const std::string account = "account " + lower(username);
  const std::string address = "address " + call.request.remote;
  Attempts& attempts = call.services.attempts;
  const Duration wait = std::max(attempts.wait(account, call.now), attempts.wait(address, call.now));
  if (wait > Duration{0}) {
    net::Response refused =
        show_page(call, *request, username,
                  fmt::format("Too many attempts. Wait {} seconds and try again.", wait.count() / 1000 + 1), 429);
    refused.headers.add("Retry-After", std::to_string(wait.count() / 1000 + 1));
    co_return refused;
  }
  const auto user = co_await call.services.issuer.check_password(username, field("password"));
  if (!user) {
    attempts.failed(account, call.now);
    attempts.failed(address, call.now);
    co_return show_page(call, *request, username, "The user name or the password is wrong.", 401);
  }
  attempts.succeeded(account);
  attempts.succeeded(address);
  const auto [session, cookie] = co_await call.services.issuer.open_session(user->id);
  net::Response response = co_await send_code(call, *request, user->id, session);
  if (response.status == 302) response.status = 303;
  set_cookie(call, response, "hg_session", cookie);
  set_cookie(call, response, "hg_csrf", "", "; Max-Age=0");
  co_return response;
}

Answer logout(Call& call) {
  if (!our_tenant(call)) co_return unknown_tenant(call);
  if (const std::string cookie = cookie_of(call, "hg_session"); !cookie.empty())
    if (const auto signed_in = co_await call.services.issuer.session(cookie))
      co_await call.services.issuer.end_session(signed_in->first.id);
  net::Response response = message_page(200, "Signed out", "You are signed out of Heliograph in this browser.");
  // Back to an address that is registered for some application, never anywhere else.
  if (const std::string* back = call.option("post_logout_redirect_uri")) {
    const auto directory = call.services.registry.directory();
    for (const auto& [id, application] : directory->applications())
      for (const auto& [kind, uri] : application.redirect_uris)
        if (uri == *back) {
          response = net::Response{.status = 302};
          response.headers.add("Location", *back);
        }
  }
  set_cookie(call, response, "hg_session", "", "; Max-Age=0");
  co_return response;
}

Answer native_client(Call&) {
  co_return message_page(200, "Signed in", "You can close this window and go back to the application.");
}

}  // namespace hg::api::sign_in
