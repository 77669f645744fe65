// What the pages for people share: who is signed in in this browser, forms that only our own pages send, and signing in
// by user name, password and, for those who have set one up, a one-time password.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "api/context.h"
#include "api/pages.h"
#include "identity/issuer.h"

namespace hg::api {

inline constexpr std::string_view kSessionCookie = "hg_session";

// Pages in several tabs share the token, so that each of them can be sent.
std::string csrf_token(const Call& call);
void keep_csrf_token(const Call& call, net::Response& response, const std::string& csrf);
// The page that was opened in this browser sent the form, and no other site did.
bool sent_by_our_page(const Call& call, const Form& form);
net::Response not_our_page();

net::Response message_page(int status, std::string title, std::string text);

// How long an attempt at a secret has to wait, by the address that makes it and by what it is made on; zero: it is
// counted and goes on. `what`: "account alice@example.com".
Duration held_back(const Call& call, const std::string& what);
// The attempt that was counted was right.
void was_right(const Call& call, const std::string& what);

asio::awaitable<std::optional<identity::SignedIn>> signed_in(Call& call);

// Why somebody is asked to sign in.
struct Purpose {
  std::string text_html;        // "to continue to <strong>…</strong>"
  std::string note_html;        // below the form
  std::string hidden_html;      // fields that come back with it
  std::string form_target;      // where the answer may lead besides us (pages.h)
  std::string username;         // to begin with
  bool administrators = false;  // nobody else will do
};
net::Response sign_in_page(const Call& call, const Purpose& purpose);

struct Entered {
  store::User user;
  store::Session session;
  std::string cookie;

  // Who is signed in from now on is so in this browser too.
  void keep(const Call& call, net::Response& response) const;
};
// What such a page sent: somebody is signed in in a new session, or there is a page to show: again, or the next.
asio::awaitable<std::expected<Entered, net::Response>> enter(Call& call, const Form& form, const Purpose& purpose);
// Whether `form` is of a page of enter's rather than of another one at the same address.
bool is_sign_in(const Form& form);

std::string hidden_field(std::string_view name, std::string_view value);

}  // namespace hg::api
