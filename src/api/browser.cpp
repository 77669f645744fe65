#include "api/browser.h"

#include <fmt/format.h>

#include "api/caller.h"
#include "api/cookies.h"
#include "api/form.h"
#include "crypto/hash.h"

namespace hg::api {

namespace {

constexpr std::string_view kCsrfCookie = "hg_csrf";
constexpr std::size_t kCsrfBytes = 24;
constexpr std::size_t kCsrfSize = 32;  // in base64url
constexpr std::size_t kLongestName = 320;
constexpr std::size_t kLongestPassword = 1024;
constexpr std::size_t kLongestCode = 16;
constexpr int kFreePerAccount = 5;
constexpr Duration kStepLife = std::chrono::minutes(5);  // between password and one-time password

// What a page says besides its form.
struct Said {
  int status = 200;
  std::string error = {};

  [[nodiscard]] std::string html() const {
    if (error.empty()) return "";
    return fmt::format("<p class=\"error\" id=\"error\" role=\"alert\">{}</p>", html_escape(error));
  }
  [[nodiscard]] std::string field_html() const {
    return error.empty() ? "" : " aria-invalid=\"true\" aria-describedby=\"error\"";
  }
  [[nodiscard]] std::string title(std::string_view usual) const {
    return fmt::format("{}{} - Heliograph", error.empty() ? "" : "Error: ", usual);
  }
};

net::Response password_page(const Call& call, const Purpose& purpose, const std::string& username, const Said& said) {
  const std::string csrf = csrf_token(call);
  const std::string_view focus = " autofocus";
  net::Response response = page_response(
      said.status,
      fill_page("sign_in.html",
                {{"title", said.title("sign in")},
                 {"purpose_html", purpose.text_html},
                 {"action", call.request.target},
                 {"csrf", csrf},
                 {"hidden_html", purpose.hidden_html},
                 {"username", username},
                 {"note_html", purpose.note_html},
                 {"error_html", said.html()},
                 {"username_html", fmt::format("{}{}", said.field_html(), username.empty() ? focus : "")},
                 {"password_html", fmt::format("{}{}", said.field_html(), username.empty() ? "" : focus)}}),
      purpose.form_target);
  keep_csrf_token(call, response, csrf);
  return response;
}

// Who has given the password, until the one-time password is there too.
crypto::SealingKey step_key(const Call& call) { return call.services.registry.key_for("sign-in steps"); }

std::string write_step(const Call& call, const UserId& user) {
  const std::string clear = fmt::format("{} {}", user.str(), to_ms(call.now + kStepLife));
  return base64url(step_key(call).seal(as_bytes("password"), as_bytes(clear)));
}

std::optional<UserId> read_step(const Call& call, const std::string& text) {
  const auto sealed = from_base64url(text);
  const auto clear = sealed ? step_key(call).open(as_bytes("password"), *sealed) : std::nullopt;
  if (!clear) return std::nullopt;
  const std::string_view whole = as_text(*clear);
  const std::size_t space = whole.find(' ');
  if (std::stoll(std::string(whole.substr(space + 1))) <= to_ms(call.now)) return std::nullopt;
  return UserId::parse(whole.substr(0, space));
}

net::Response code_page(const Call& call, const Purpose& purpose, const UserId& user, const Said& said) {
  const std::string csrf = csrf_token(call);
  net::Response response =
      page_response(said.status,
                    fill_page("one_time_password.html", {{"title", said.title("one-time password")},
                                                         {"purpose_html", purpose.text_html},
                                                         {"action", call.request.target},
                                                         {"csrf", csrf},
                                                         {"hidden_html", purpose.hidden_html},
                                                         {"passed", write_step(call, user)},
                                                         {"error_html", said.html()},
                                                         {"code_html", said.field_html()}}),
                    purpose.form_target);
  keep_csrf_token(call, response, csrf);
  return response;
}

std::string seconds_of(Duration wait) { return std::to_string(wait / std::chrono::seconds(1) + 1); }

Said too_many(Duration wait) {
  return {429, "Too many attempts. Wait " + seconds_of(wait) + " seconds and try again."};
}

// "" where the address tells nobody from others.
std::string address_key(const Call& call) {
  const auto from = neighbourhood(call.request, call.services.settings.proxies);
  return from && call.services.settings.guesses_an_address > 0 ? fmt::format("address {:x}", *from) : "";
}

std::string account_key(std::string_view username) { return "account " + lower(username); }

asio::awaitable<std::expected<Entered, net::Response>> open(Call& call, store::User user) {
  const auto opened = co_await call.services.issuer.open_session(user.id);
  Entered entered;
  entered.session.id = opened.id;
  entered.session.user = user.id;
  entered.session.created_at = entered.session.last_seen_at = call.now;
  entered.cookie = opened.cookie;
  entered.user = std::move(user);
  co_return entered;
}

// Whoever knows the password is told of what else is wrong.
asio::awaitable<std::expected<Entered, net::Response>> past_password(Call& call, const Purpose& purpose,
                                                                     store::User user) {
  if (purpose.administrators && !user.admin)
    co_return std::unexpected(
        password_page(call, purpose, user.upn, {403, "This account is no administrator. Sign in with one that is."}));
  if (!user.totp.empty()) co_return std::unexpected(code_page(call, purpose, user.id, {}));
  co_return co_await open(call, std::move(user));
}

net::Response later(net::Response response, Duration wait) {
  response.headers.add("Retry-After", seconds_of(wait));
  return response;
}

asio::awaitable<std::expected<Entered, net::Response>> enter_password(Call& call, const Form& form,
                                                                      const Purpose& purpose) {
  const std::string username(trim(text_of(form, "username")));
  const std::string password = text_of(form, "password");
  const Said wrong{401, "The user name or the password is wrong."};
  if (username.size() > kLongestName || password.size() > kLongestPassword)
    co_return std::unexpected(password_page(call, purpose, "", wrong));
  if (const Duration wait = held_back(call, account_key(username)); wait > Duration{0})
    co_return std::unexpected(later(password_page(call, purpose, username, too_many(wait)), wait));
  auto user = co_await call.services.issuer.check_password(username, password);
  if (!user) co_return std::unexpected(password_page(call, purpose, username, wrong));
  was_right(call, account_key(user->upn));
  co_return co_await past_password(call, purpose, *std::move(user));
}

asio::awaitable<std::expected<Entered, net::Response>> enter_code(Call& call, const Form& form,
                                                                  const Purpose& purpose) {
  const auto id = read_step(call, text_of(form, "passed"));
  if (!id)
    co_return std::unexpected(
        password_page(call, purpose, "", {401, "That took too long. Give your password once more."}));
  const std::string key = "one-time password " + id->str();
  if (const Duration wait = held_back(call, key); wait > Duration{0})
    co_return std::unexpected(later(code_page(call, purpose, *id, too_many(wait)), wait));
  std::string code = text_of(form, "code");
  std::erase(code, ' ');
  const bool right = code.size() <= kLongestCode && co_await call.services.issuer.check_totp(*id, code);
  auto user = co_await call.services.registry.user(id->str());
  if (!right || !user || user->blocked || (purpose.administrators && !user->admin))
    co_return std::unexpected(code_page(call, purpose, *id, {401, "This one-time password is wrong, or was used."}));
  was_right(call, key);
  co_return co_await open(call, *std::move(user));
}

}  // namespace

std::string csrf_token(const Call& call) {
  std::string known = cookie(call, kCsrfCookie);
  const bool ours = known.size() == kCsrfSize && from_base64url(known).has_value();
  return ours ? known : crypto::random_token(kCsrfBytes);
}

void keep_csrf_token(const Call& call, net::Response& response, const std::string& csrf) {
  set_cookie(call, response, kCsrfCookie, csrf);
}

bool sent_by_our_page(const Call& call, const Form& form) {
  const auto site = call.request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return false;
  const auto origin = call.request.headers.find("Origin");
  // Our page tells nobody where it is, so its own form says "null".
  if (origin && *origin != "null" && *origin != call.base) return false;
  const std::string csrf = cookie(call, kCsrfCookie);
  return csrf.size() == kCsrfSize && crypto::equal(as_bytes(csrf), as_bytes(text_of(form, "csrf")));
}

net::Response not_our_page() {
  return message_page(403, "This cannot go on",
                      "The page was not opened in this browser, or cookies are off. Go back to where you came from and "
                      "try again.");
}

net::Response message_page(int status, std::string title, std::string text) {
  return page_response(status, fill_page("message.html", {{"title", std::move(title)}, {"text", std::move(text)}}));
}

Duration held_back(const Call& call, const std::string& what) {
  Attempts& attempts = call.services.attempts;
  const std::string address = address_key(call);
  const int free = static_cast<int>(call.services.settings.guesses_an_address);
  const Duration of_address = address.empty() ? Duration{0} : attempts.begin(address, free, call.now);
  if (of_address > Duration{0}) return of_address;
  const Duration wait = attempts.begin(what, kFreePerAccount, call.now);
  if (wait > Duration{0} && !address.empty()) attempts.give_back(address);
  return wait;
}

void was_right(const Call& call, const std::string& what) {
  call.services.attempts.succeeded(what);
  if (const std::string address = address_key(call); !address.empty()) call.services.attempts.give_back(address);
}

asio::awaitable<std::optional<identity::SignedIn>> signed_in(Call& call) {
  const std::string known = cookie(call, kSessionCookie);
  if (known.empty()) co_return std::nullopt;
  co_return co_await call.services.issuer.session(known);
}

net::Response sign_in_page(const Call& call, const Purpose& purpose) {
  return password_page(call, purpose, purpose.username, {});
}

void Entered::keep(const Call& call, net::Response& response) const {
  set_cookie(call, response, kSessionCookie, cookie);
}

bool is_sign_in(const Form& form) { return find(form, "password") != nullptr || find(form, "passed") != nullptr; }

asio::awaitable<std::expected<Entered, net::Response>> enter(Call& call, const Form& form, const Purpose& purpose) {
  if (find(form, "passed") != nullptr) co_return co_await enter_code(call, form, purpose);
  co_return co_await enter_password(call, form, purpose);
}

std::string hidden_field(std::string_view name, std::string_view value) {
  return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", html_escape(name), html_escape(value));
}

}  // namespace hg::api
