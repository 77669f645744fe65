// Where somebody types the code that an application on another device shows (RFC 8628 §3.3).
#include <fmt/format.h>

#include "api/browser.h"
#include "api/form.h"
#include "api/sign_in.h"
#include "identity/consent.h"
#include "identity/resources.h"

namespace hg::api::sign_in {

namespace {

constexpr std::size_t kLongestCode = 32;
constexpr int kFreeCodes = 30;

// What is asked, as it stands in the directory now.
struct Wanted {
  std::string user_code;
  identity::Application application;
  identity::Asked asked;
};

net::Response code_page(const Call& call, const std::string& typed, int status = 200, const std::string& error = "") {
  const std::string csrf = csrf_token(call);
  const std::string error_html =
      error.empty() ? "" : fmt::format("<p class=\"error\" id=\"error\" role=\"alert\">{}</p>", html_escape(error));
  net::Response response = page_response(
      status,
      fill_page("device.html",
                {{"title", error.empty() ? "Connect a device - Heliograph" : "Error: connect a device - Heliograph"},
                 {"csrf", csrf},
                 {"code", typed},
                 {"error_html", error_html},
                 {"code_html", error.empty() ? "" : " aria-invalid=\"true\" aria-describedby=\"error\""}}));
  keep_csrf_token(call, response, csrf);
  return response;
}

net::Response unknown_code(const Call& call, const std::string& typed) {
  return code_page(call, typed, 400, "This code is not known, or it has expired. Look at your device again.");
}

Purpose purpose_of(const std::string& typed) {
  return {.text_html = "to connect a device",
          .note_html = "Go on only if you have just started this yourself, on a device of your own.",
          .hidden_html = hidden_field("user_code", typed),
          .form_target = "",
          .username = "",
          .administrators = false};
}

net::Response confirm_page(const Call& call, const Wanted& wanted, const store::User& user) {
  const auto directory = call.services.registry.directory();
  const std::string csrf = csrf_token(call);
  std::string list;
  for (const std::string& name : identity::consent_names(wanted.asked, wanted.application))
    list += fmt::format("<li>{}</li>\n", html_escape(identity::consent_sentence(name, *directory)));
  net::Response response =
      page_response(200, fill_page("device_consent.html", {{"application", wanted.application.name},
                                                           {"username", user.upn},
                                                           {"code", wanted.user_code},
                                                           {"csrf", csrf},
                                                           {"wanted_html", list}}));
  keep_csrf_token(call, response, csrf);
  return response;
}

asio::awaitable<std::optional<Wanted>> find_wanted(Call& call, const std::string& typed) {
  const auto asked_for = co_await call.services.issuer.device_request(typed);
  const auto directory = call.services.registry.directory();
  const auto* application = asked_for ? directory->application(asked_for->application) : nullptr;
  if (application == nullptr || application->blocked) co_return std::nullopt;
  auto asked = identity::parse_scopes(asked_for->scopes, call.base);
  if (!asked || !identity::find_resource(*asked, *directory)) co_return std::nullopt;
  co_return Wanted{typed, *application, *std::move(asked)};
}

asio::awaitable<net::Response> decide(Call& call, const Wanted& wanted, const identity::SignedIn& who,
                                      const std::string& decision) {
  identity::Issuer& issuer = call.services.issuer;
  if (decision != "allow") {
    co_await issuer.deny_device(wanted.user_code);
    co_return message_page(200, "Not connected", "The device gets nothing. You can close this window.");
  }
  const bool allowed = co_await issuer.allow_device(wanted.user_code, who.user.id, who.session.id);
  if (!allowed) co_return unknown_code(call, "");
  co_await issuer.consent(who.user.id, wanted.application.id,
                          identity::consent_names(wanted.asked, wanted.application));
  co_return message_page(200, "Connected", "You can close this window and go back to your device.");
}

// RFC 8628 §5.1: codes are short. Whoever tries them is signed in, and has so many an hour; one that was right gives
// none back, for anybody can have a code of one's own.
Duration must_wait(const Call& call, const UserId& user) {
  const auto hour = to_ms(call.now) / 3'600'000;
  return call.services.attempts.begin(fmt::format("user codes {} {}", user.str(), hour), kFreeCodes, call.now);
}

asio::awaitable<net::Response> for_user(Call& call, const identity::SignedIn& who, const std::string& typed,
                                        const std::string& decision) {
  if (const Duration wait = must_wait(call, who.user.id); wait > Duration{0}) {
    const auto seconds = std::to_string(wait / std::chrono::seconds(1) + 1);
    auto response = code_page(call, "", 429, "Too many attempts. Wait " + seconds + " seconds and try again.");
    response.headers.add("Retry-After", seconds);
    co_return response;
  }
  const auto wanted = co_await find_wanted(call, typed);
  if (!wanted) co_return unknown_code(call, typed);
  if (wanted->asked.scopes.administrative() && !who.user.admin)
    co_return code_page(call, typed, 403, "This needs an administrator. Sign out, and in again as one.");
  if (decision.empty()) co_return confirm_page(call, *wanted, who.user);
  co_return co_await decide(call, *wanted, who, decision);
}

}  // namespace

Answer device_page(Call& call) { co_return code_page(call, text_of(call.query, "user_code").substr(0, kLongestCode)); }

Answer device_submit(Call& call) {
  const auto form = parse_form(call.request.body);
  if (!form) co_return message_page(400, "This cannot go on", "The form could not be read.");
  if (!sent_by_our_page(call, *form)) co_return not_our_page();
  const std::string typed = std::string(trim(text_of(*form, "user_code"))).substr(0, kLongestCode);
  const std::string decision = text_of(*form, "decision");
  auto who = co_await signed_in(call);
  std::optional<Entered> entered;
  if (is_sign_in(*form)) {
    auto now = co_await enter(call, *form, purpose_of(typed));
    if (!now) co_return std::move(now.error());
    entered = *std::move(now);
    who = identity::SignedIn{entered->session, entered->user};
  }
  if (!who || decision == "other") co_return sign_in_page(call, purpose_of(typed));
  net::Response response = co_await for_user(call, *who, typed, decision);
  if (entered) entered->keep(call, response);
  co_return response;
}

}  // namespace hg::api::sign_in
