// A user's own page: what applications may do, where somebody is signed in, the one-time password of administrators.
#include <fmt/format.h>

#include "api/browser.h"
#include "api/cookies.h"
#include "api/form.h"
#include "api/sign_in.h"
#include "crypto/totp.h"
#include "identity/consent.h"

namespace hg::api::sign_in {

namespace {

Purpose purpose() {
  return {.text_html = "to see what your account is used for",
          .note_html = "",
          .hidden_html = "",
          .form_target = "",
          .username = "",
          .administrators = false};
}

std::string button(const std::string& csrf, std::string_view action, std::string_view value, std::string_view label,
                   std::string_view about) {
  return fmt::format(
      "<form method=\"post\" action=\"/account\">\n{}<button class=\"small\" type=\"submit\" name=\"{}\" "
      "value=\"{}\" aria-label=\"{}\">{}</button>\n</form>\n",
      hidden_field("csrf", csrf), html_escape(action), html_escape(value),
      html_escape(fmt::format("{}: {}", label, about)), html_escape(label));
}

std::string date(Time time) { return iso(time).substr(0, 10) + " " + iso(time).substr(11, 5) + " UTC"; }

std::string consents_html(const identity::Directory& directory, const std::vector<store::consents::Consent>& consents,
                          const std::string& csrf) {
  std::string html;
  for (const auto& consent : consents) {
    const auto* application = directory.application(consent.application);
    if (application == nullptr) continue;
    std::string sentences;
    std::string_view rest = consent.scopes;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      sentences +=
          fmt::format("<li>{}</li>\n", html_escape(identity::consent_sentence(rest.substr(0, end), directory)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    html += fmt::format("<section>\n<h3>{}</h3>\n<p class=\"note\">since {}</p>\n<ul>\n{}</ul>\n{}</section>\n",
                        html_escape(application->name), date(consent.granted_at), sentences,
                        button(csrf, "withdraw", consent.application.str(), "Take away", application->name));
  }
  return html.empty() ? "<p>No application may do anything in your name.</p>\n" : html;
}

std::string sessions_html(const std::vector<store::Session>& sessions, const Guid& present, const std::string& csrf) {
  std::string html;
  for (const auto& session : sessions) {
    const bool here = session.id == present;
    html += fmt::format("<section>\n<h3>{}</h3>\n<p class=\"note\">signed in {}, last seen {}</p>\n{}</section>\n",
                        here ? "This browser" : "Another browser", date(session.created_at), date(session.last_seen_at),
                        button(csrf, "end", session.id.str(), "Sign out", date(session.created_at)));
  }
  return html;
}

// Enrolment is kept by nobody meanwhile: the seed goes to the page, sealed, and comes back with its first password.
std::string totp_html(const Call& call, const store::User& user, const std::string& csrf) {
  if (!user.admin) return "";
  if (!user.totp.empty())
    return "<h2>One-time password</h2>\n<p>It is asked for whenever you sign in. If you have lost your device, another "
           "administrator can take it off your account.</p>\n";
  const Buffer seed = crypto::make_totp_seed();
  const auto sealed = call.services.registry.key_for("one-time password enrolment").seal(user.id.view(), seed);
  return fmt::format(
      "<h2>One-time password</h2>\n<p>Enter this key in an authenticator app, then the password that it shows.</p>\n"
      "<p class=\"key\"><code>{}</code></p>\n<p><a href=\"{}\">Open in an authenticator app on this device</a></p>\n"
      "<form method=\"post\" action=\"/account\">\n{}{}<label for=\"totp\">One-time password</label>\n<input "
      "id=\"totp\" "
      "name=\"totp\" inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"10\" required>\n<button "
      "type=\"submit\">Set up</button>\n</form>\n",
      crypto::base32(seed), html_escape(crypto::totp_uri(seed, "Heliograph", user.upn)), hidden_field("csrf", csrf),
      hidden_field("seed", base64url(sealed)));
}

asio::awaitable<net::Response> page(Call& call, const identity::SignedIn& who, std::string_view said) {
  const std::string csrf = csrf_token(call);
  const auto directory = call.services.registry.directory();
  const auto consents = co_await call.services.issuer.consents(who.user.id);
  const auto sessions = co_await call.services.issuer.sessions(who.user.id);
  net::Response response = page_response(
      200, fill_page("account.html",
                     {{"username", who.user.upn},
                      {"csrf", csrf},
                      {"said_html", said.empty() ? "" : fmt::format("<p role=\"status\">{}</p>", html_escape(said))},
                      {"consents_html", consents_html(*directory, consents, csrf)},
                      {"sessions_html", sessions_html(sessions, who.session.id, csrf)},
                      {"totp_html", totp_html(call, who.user, csrf)}}));
  keep_csrf_token(call, response, csrf);
  co_return response;
}

asio::awaitable<bool> set_up_totp(Call& call, const store::User& user, const Form& form) {
  const auto sealed = from_base64url(text_of(form, "seed"));
  const auto key = call.services.registry.key_for("one-time password enrolment");
  auto seed = sealed ? key.open(user.id.view(), *sealed) : std::nullopt;
  std::string password = text_of(form, "totp");
  std::erase(password, ' ');
  co_return user.admin&& user.totp.empty() &&
      seed&& co_await call.services.issuer.set_totp(user.id, *std::move(seed), std::move(password));
}

// What a button of the page does; the sentence that the page then says.
asio::awaitable<std::string> act(Call& call, const identity::SignedIn& who, const Form& form) {
  identity::Issuer& issuer = call.services.issuer;
  if (const auto application = ApplicationId::parse(text_of(form, "withdraw"))) {
    const bool there = co_await issuer.withdraw_consent(who.user.id, *application);
    co_return there ? "It can do nothing in your name any longer." : "";
  }
  if (const auto session = Guid::parse(text_of(form, "end"))) {
    const bool ended = co_await issuer.end_session_of(who.user.id, *session);
    co_return ended ? "It is signed out." : "";
  }
  if (find(form, "totp") != nullptr) {
    const bool set = co_await set_up_totp(call, who.user, form);
    co_return set ? "The one-time password is set up." : "That was not the one-time password of this key.";
  }
  co_return "";
}

}  // namespace

Answer account(Call& call) {
  const auto who = co_await signed_in(call);
  if (!who) co_return sign_in_page(call, purpose());
  co_return co_await page(call, *who, "");
}

Answer account_submit(Call& call) {
  const auto form = parse_form(call.request.body);
  if (!form) co_return message_page(400, "This cannot go on", "The form could not be read.");
  if (!sent_by_our_page(call, *form)) co_return not_our_page();
  if (is_sign_in(*form)) {
    auto entered = co_await enter(call, *form, purpose());
    if (!entered) co_return std::move(entered.error());
    net::Response response = co_await page(call, {entered->session, entered->user}, "");
    entered->keep(call, response);
    co_return response;
  }
  auto who = co_await signed_in(call);
  if (!who) co_return sign_in_page(call, purpose());
  if (find(*form, "everywhere") != nullptr) {
    HG_CO_CHECK(co_await call.services.registry.sign_out_user({who->user.upn}, who->user.id));
    net::Response response =
        message_page(200, "Signed out", "Every browser and every application has to sign in again.");
    clear_cookie(call, response, kSessionCookie);
    co_return response;
  }
  const std::string said = co_await act(call, *who, *form);
  who = co_await signed_in(call);
  if (!who) co_return message_page(200, "Signed out", "This browser is signed out.");
  co_return co_await page(call, *who, said);
}

}  // namespace hg::api::sign_in
