// Signing in to an application (RFC 6749 §4.1): the sign-in page, the consent page, and the way back with a code.
#include "api/sign_in.h"

#include <fmt/format.h>

#include "api/authorize_request.h"
#include "api/browser.h"
#include "api/cookies.h"
#include "api/form.h"
#include "api/oauth.h"
#include "identity/consent.h"
#include "identity/redirect_uri.h"

namespace hg::api::sign_in {

namespace {

// How long somebody who has just signed in may read the consent page.
constexpr Duration kConsentTime = std::chrono::minutes(10);

net::Response stopped_page(int status, std::string text) {
  return message_page(status, "This sign-in cannot go on", std::move(text));
}

std::string where_to(const AuthorizeRequest& request) {
  const std::string origin = identity::origin_of(request.redirect_uri);
  return origin.empty() ? "the application on this device" : origin;
}

Purpose purpose_of(const AuthorizeRequest& request) {
  return {.text_html = fmt::format("to continue to <strong>{}</strong>", html_escape(request.application.name)),
          .note_html = fmt::format("You will return to <span class=\"host\">{}</span>", html_escape(where_to(request))),
          .hidden_html = "",
          .form_target = form_target(request.redirect_uri),
          .username = request.login_hint,
          .administrators = request.asked.scopes.administrative()};
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

std::vector<std::string> wanted(const AuthorizeRequest& request) {
  return identity::consent_names(request.asked, request.application);
}

asio::awaitable<bool> needs_consent(Call& call, const AuthorizeRequest& request, UserId user) {
  if (request.application.trusted) co_return false;
  if (request.consent) co_return true;
  co_return !co_await call.services.issuer.consented(user, request.application.id, wanted(request));
}

net::Response consent_page(const Call& call, const AuthorizeRequest& request, const store::User& user) {
  const auto directory = call.services.registry.directory();
  const std::string csrf = csrf_token(call);
  std::string list;
  for (const std::string& name : wanted(request))
    list += fmt::format("<li>{}</li>\n", html_escape(identity::consent_sentence(name, *directory)));
  net::Response response = page_response(200,
                                         fill_page("consent.html", {{"application", request.application.name},
                                                                    {"username", user.upn},
                                                                    {"action", call.request.target},
                                                                    {"csrf", csrf},
                                                                    {"wanted_html", list},
                                                                    {"back", where_to(request)}}),
                                         form_target(request.redirect_uri));
  keep_csrf_token(call, response, csrf);
  return response;
}

// The request, or the answer that says what is wrong with it.
std::expected<AuthorizeRequest, net::Response> read_request(const Call& call) {
  if (const auto tenant = check_tenant(call); !tenant)
    return std::unexpected(stopped_page(400, tenant.error().description));
  const auto directory = call.services.registry.directory();
  auto request = find_client(call.query, *directory);
  if (!request) return std::unexpected(stopped_page(400, request.error()));
  if (const auto checked = check_request(*request, call.query, call.base, *directory); !checked)
    return std::unexpected(tell_client(call, *request, checked.error()));
  return *std::move(request);
}

// After a POST the browser must not send the form on.
net::Response see_other(net::Response response) {
  if (response.status == 302) response.status = 303;
  return response;
}

asio::awaitable<net::Response> after_sign_in(Call& call, const AuthorizeRequest& request, const Entered& entered) {
  const bool asks = co_await needs_consent(call, request, entered.user.id);
  net::Response response = asks ? consent_page(call, request, entered.user)
                                : see_other(co_await send_code(call, request, entered.user.id, entered.session.id));
  entered.keep(call, response);
  co_return response;
}

// What the consent page sent.
asio::awaitable<net::Response> decide(Call& call, const AuthorizeRequest& request, const std::string& decision) {
  const auto who = co_await signed_in(call);
  const bool just = who && who->session.created_at + kConsentTime > call.now;
  // Who has just given the password has done what prompt and max_age ask for.
  AuthorizeRequest as_signed_in = request;
  if (just) {
    as_signed_in.ask = false;
    as_signed_in.max_age.reset();
  }
  if (!who || decision == "other" || !as_signed_in.satisfied_by(*who, call.now)) {
    Purpose again = purpose_of(request);
    if (decision == "other") again.username.clear();
    co_return sign_in_page(call, again);
  }
  if (decision != "allow")
    co_return see_other(tell_client(call, request, {"access_denied", "the user did not allow it"}));
  co_await call.services.issuer.consent(who->user.id, request.application.id, wanted(request));
  co_return see_other(co_await send_code(call, request, who->user.id, who->session.id));
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
  const auto who = co_await signed_in(call);
  if (!who || !request->satisfied_by(*who, call.now)) {
    if (request->silent)
      co_return tell_client(call, *request, {"login_required", "nobody who would do is signed in in this browser"});
    co_return sign_in_page(call, purpose_of(*request));
  }
  if (co_await needs_consent(call, *request, who->user.id)) {
    if (request->silent)
      co_return tell_client(call, *request, {"consent_required", "the user has not allowed this yet"});
    co_return consent_page(call, *request, who->user);
  }
  co_return co_await send_code(call, *request, who->user.id, who->session.id);
}

Answer authorize_submit(Call& call) {
  auto request = read_request(call);
  if (!request) co_return std::move(request.error());
  const auto form = parse_form(call.request.body);
  if (!form) co_return stopped_page(400, "The form could not be read.");
  if (!sent_by_our_page(call, *form)) co_return not_our_page();
  if (!is_sign_in(*form)) co_return co_await decide(call, *request, text_of(*form, "decision"));
  auto entered = co_await enter(call, *form, purpose_of(*request));
  if (!entered) co_return std::move(entered.error());
  co_return co_await after_sign_in(call, *request, *entered);
}

Answer logout(Call& call) {
  if (const auto tenant = check_tenant(call); !tenant) co_return stopped_page(400, tenant.error().description);
  auto sent = call.request.method == "POST" ? parse_form(call.request.body) : std::optional(call.query);
  if (!sent) co_return stopped_page(400, "The form could not be read.");
  if (const std::string known = cookie(call, kSessionCookie); !known.empty())
    co_await call.services.issuer.end_session(known);
  net::Response response = message_page(200, "Signed out", "You are signed out of Heliograph in this browser.");
  const std::string* back = find(*sent, "post_logout_redirect_uri");
  if (back != nullptr && may_return_to(*call.services.registry.directory(), *back)) {
    const std::string* state = find(*sent, "state");
    const char separator = back->find('?') == std::string::npos ? '?' : '&';
    response = net::Response{.status = call.request.method == "POST" ? 303 : 302};
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
