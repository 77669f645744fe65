#include "api/sign_in.h"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include "api/authorize_request.h"
#include "api/cookies.h"
#include "api/form.h"
#include "api/oauth.h"
#include "api/pages.h"
#include "crypto/hash.h"
#include "identity/redirect_uri.h"

namespace hg::api::sign_in {

namespace {

constexpr std::string_view kCsrfCookie = "hg_csrf";
constexpr std::string_view kSessionCookie = "hg_session";
constexpr std::size_t kCsrfBytes = 24;
constexpr std::size_t kCsrfSize = 32;  // in base64url
constexpr std::size_t kLongestName = 320;
constexpr std::size_t kLongestPassword = 1024;
constexpr int kFreePerAccount = 5;
constexpr int kFreePerAddress = 20;

net::Response message_page(int status, std::string title, std::string text) {
  return page_response(status, fill_page("message.html", {{"title", std::move(title)}, {"text", std::move(text)}}));
}

net::Response stopped_page(int status, std::string text) {
  return message_page(status, "This sign-in cannot go on", std::move(text));
}

// What the page says besides its form.
struct Said {
  int status = 200;
  std::string error;
};

// Pages in several tabs share the token, so that each of them can be sent.
std::string csrf_token(const Call& call) {
  std::string known = cookie(call, kCsrfCookie);
  const bool ours = known.size() == kCsrfSize && from_base64url(known).has_value();
  return ours ? known : crypto::random_token(kCsrfBytes);
}

std::string where_to(const AuthorizeRequest& request) {
  const std::string origin = identity::origin_of(request.redirect_uri);
  return origin.empty() ? "the application on this device" : origin;
}

net::Response show_page(const Call& call, const AuthorizeRequest& request, const std::string& username,
                        const Said& said) {
  const std::string csrf = csrf_token(call);
  const bool wrong = !said.error.empty();
  const std::string error =
      wrong ? fmt::format("<p class=\"error\" id=\"error\" role=\"alert\">{}</p>", html_escape(said.error)) : "";
  const std::string invalid = wrong ? " aria-invalid=\"true\" aria-describedby=\"error\"" : "";
  const std::string_view focus = " autofocus";
  net::Response response = page_response(
      said.status,
      fill_page("sign_in.html", {{"title", wrong ? "Error: sign in - Heliograph" : "Sign in - Heliograph"},
                                 {"application", request.application.name},
                                 {"action", call.request.target},
                                 {"csrf", csrf},
                                 {"username", username},
                                 {"back", where_to(request)},
                                 {"error_html", error},
                                 {"username_html", fmt::format("{}{}", invalid, username.empty() ? focus : "")},
                                 {"password_html", fmt::format("{}{}", invalid, username.empty() ? "" : focus)}}),
      form_target(request.redirect_uri));
  set_cookie(call, response, kCsrfCookie, csrf);
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
std::expected<AuthorizeRequest, net::Response> read_request(const Call& call) {
  if (const auto tenant = check_tenant(call); !tenant)
    return std::unexpected(stopped_page(400, tenant.error().description));
  const auto directory = call.services.registry.directory();
  auto request = find_client(call.query, *directory);
  if (!request) return std::unexpected(stopped_page(400, request.error()));
  if (const auto checked = check_request(*request, call.query, call.base); !checked)
    return std::unexpected(tell_client(call, *request, checked.error()));
  return *std::move(request);
}

// The page that was opened in this browser sent the form, and no other site did.
bool sent_by_our_page(const Call& call, const Form& form) {
  const auto site = call.request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return false;
  const auto origin = call.request.headers.find("Origin");
  // Our page tells nobody where it is, so its own form says "null".
  if (origin && *origin != "null" && *origin != call.base) return false;
  const std::string csrf = cookie(call, kCsrfCookie);
  return csrf.size() == kCsrfSize && crypto::equal(as_bytes(csrf), as_bytes(text_of(form, "csrf")));
}

// Whom an address stands for: one IPv4 address, or a network of IPv6. "" on loopback, where a reverse proxy may speak
// for everybody.
std::string neighbourhood(const std::string& remote) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(remote, error);
  if (error || address.is_loopback()) return "";
  if (address.is_v4()) return remote;
  const auto bytes = address.to_v6().to_bytes();
  return hex(std::as_bytes(std::span(bytes)).first(8));
}

// How long this attempt has to wait; zero: it is counted and goes on.
Duration held_back(const Call& call, const std::string& username) {
  Attempts& attempts = call.services.attempts;
  const std::string address = neighbourhood(call.request.remote);
  const Duration wait = address.empty() ? Duration{0} : attempts.begin("address " + address, kFreePerAddress, call.now);
  return wait > Duration{0} ? wait : attempts.begin("account " + lower(username), kFreePerAccount, call.now);
}

net::Response come_back_later(const Call& call, const AuthorizeRequest& request, const std::string& username,
                              Duration wait) {
  const auto seconds = std::to_string(wait / std::chrono::seconds(1) + 1);
  net::Response response =
      show_page(call, request, username, {429, "Too many attempts. Wait " + seconds + " seconds and try again."});
  response.headers.add("Retry-After", seconds);
  return response;
}

asio::awaitable<net::Response> sign_in(Call& call, const AuthorizeRequest& request, const store::User& user) {
  call.services.attempts.succeeded("account " + lower(user.upn));
  if (request.asked.scopes.administrative() && !user.admin)
    co_return show_page(call, request, user.upn, {403, "This account is no administrator. Sign in with one that is."});
  const auto opened = co_await call.services.issuer.open_session(user.id);
  net::Response response = co_await send_code(call, request, user.id, opened.id);
  if (response.status == 302) response.status = 303;
  set_cookie(call, response, kSessionCookie, opened.cookie);
  clear_cookie(call, response, kCsrfCookie);
  co_return response;
}

// Registered for some application: anything else would make us an open redirector.
bool may_return_to(const identity::Directory& directory, const std::string& uri) {
  return std::ranges::any_of(directory.applications(), [&](const auto& entry) {
    return !entry.second.blocked && !identity::registered_kind(entry.second.redirect_uris, uri).empty();
  });
}

}  // namespace

Answer authorize(Call& call) {
  auto request = read_request(call);
  if (!request) co_return std::move(request.error());
  if (const std::string known = cookie(call, kSessionCookie); !known.empty())
    if (const auto signed_in = co_await call.services.issuer.session(known);
        signed_in && request->satisfied_by(*signed_in, call.now))
      co_return co_await send_code(call, *request, signed_in->user.id, signed_in->session.id);
  if (request->silent)
    co_return tell_client(call, *request, {"login_required", "nobody who would do is signed in in this browser"});
  co_return show_page(call, *request, request->login_hint, {});
}

Answer authorize_submit(Call& call) {
  auto request = read_request(call);
  if (!request) co_return std::move(request.error());
  const auto form = parse_form(call.request.body);
  if (!form) co_return stopped_page(400, "The form could not be read.");
  if (!sent_by_our_page(call, *form))
    co_return stopped_page(403,
                           "The page was not opened in this browser, or cookies are off. Go back to the application "
                           "and sign in again.");
  const std::string username(trim(text_of(*form, "username")));
  const std::string password = text_of(*form, "password");
  const Said wrong{401, "The user name or the password is wrong."};
  if (username.size() > kLongestName || password.size() > kLongestPassword)
    co_return show_page(call, *request, "", wrong);
  if (const Duration wait = held_back(call, username); wait > Duration{0})
    co_return come_back_later(call, *request, username, wait);
  const auto user = co_await call.services.issuer.check_password(username, password);
  if (!user) co_return show_page(call, *request, username, wrong);
  co_return co_await sign_in(call, *request, *user);
}

Answer logout(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return stopped_page(400, tenant.error().description);
  if (const std::string known = cookie(call, kSessionCookie); !known.empty())
    co_await call.services.issuer.end_session(known);
  net::Response response = message_page(200, "Signed out", "You are signed out of Heliograph in this browser.");
  const std::string* back = call.option("post_logout_redirect_uri");
  if (back != nullptr && may_return_to(*call.services.registry.directory(), *back)) {
    const std::string* state = call.option("state");
    const char separator = back->find('?') == std::string::npos ? '?' : '&';
    response = net::Response{.status = 302};
    response.headers.add("Location", state == nullptr ? *back : *back + separator + "state=" + percent_encode(*state));
    response.headers.add("Cache-Control", "no-store");
  }
  clear_cookie(call, response, kSessionCookie);
  co_return response;
}

Answer native_client(Call&) {
  co_return message_page(200, "Signed in", "You can close this window and go back to the application.");
}

}  // namespace hg::api::sign_in
