// What attackers of the identity platform try, as tables: through the doors that they would come by.
#include <cstdio>
#include <ctime>
#include <set>

#include "api/routes.h"
#include "api/testing.h"
#include "crypto/password.h"

namespace hg::api {
namespace {

constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Attack : testing::Test, House {
  template <class T>
  T run_value(asio::awaitable<T> work) {
    std::optional<T> result;
    run([](asio::awaitable<T> awaited, std::optional<T>& into) -> asio::awaitable<void> {
      into.emplace(co_await std::move(awaited));
    }(std::move(work), result));
    return *std::move(result);
  }
  // Of the client app, which has https://web.example.com/done; `change` replaces or (with "-") removes parameters.
  std::string authorize(const Fields& change) const {
    Fields parameters{{"client_id", client_app.str()},
                      {"response_type", "code"},
                      {"redirect_uri", "https://web.example.com/done"},
                      {"scope", "openid"},
                      {"state", "s"},
                      {"code_challenge", kChallenge},
                      {"code_challenge_method", "S256"}};
    for (const auto& [name, value] : change) {
      std::erase_if(parameters, [&](const auto& one) { return one.first == name; });
      if (value != "-") parameters.emplace_back(name, value);
    }
    std::string query;
    for (const auto& [name, value] : parameters)
      query += (query.empty() ? "?" : "&") + percent_encode(name) + "=" + percent_encode(value);
    return "/common/oauth2/v2.0/authorize" + query;
  }
};

TEST_F(Attack, no_redirect_uri_but_the_registered_one_is_ever_redirected_to) {
  ASSERT_EQ(call("GET", authorize({})).status, 200);
  const char* mutations[] = {"",
                             "-",
                             "https://web.example.com",
                             "https://web.example.com/",
                             "https://web.example.com/done/",
                             "https://web.example.com/done/..",
                             "https://web.example.com/done/../done",
                             "https://web.example.com//done",
                             "https://web.example.com/./done",
                             "https://web.example.com/Done",
                             "https://web.example.com/DONE",
                             "https://web.example.com/don%65",
                             "https://web.example.com/done%2e",
                             "https://web.example.com/done%00",
                             "https://web.example.com/done%0d%0aX: y",
                             "https://web.example.com/done\r\nX: y",
                             "https://web.example.com/done?",
                             "https://web.example.com/done?next=https://evil.example",
                             "https://web.example.com/done#",
                             "https://web.example.com/done#fragment",
                             "https://web.example.com/done;x",
                             "https://web.example.com/done ",
                             " https://web.example.com/done",
                             "https://web.example.com\\done",
                             "https:\\\\web.example.com/done",
                             "https:/web.example.com/done",
                             "https:web.example.com/done",
                             "//web.example.com/done",
                             "http://web.example.com/done",
                             "HTTPS://web.example.com/done",
                             "https://WEB.example.com/done",
                             "https://web.example.com./done",
                             "https://web.example.com:443/done",
                             "https://web.example.com:444/done",
                             "https://user@web.example.com/done",
                             "https://web.example.com@evil.example/done",
                             "https://web.example.com.evil.example/done",
                             "https://evil.example/https://web.example.com/done",
                             "https://evil.example\\@web.example.com/done",
                             "https://web.example.com%2eevil.example/done",
                             "https://w\u00e9b.example.com/done",
                             "https://xn--wb-bja.example.com/done",
                             "https://*.example.com/done",
                             "javascript:alert(1)",
                             "data:text/html,x",
                             "https://127.0.0.1/done"};
  static_assert(std::size(mutations) >= 40);
  for (const char* uri : mutations) {
    const auto reply = call("GET", authorize({{"redirect_uri", uri}}));
    EXPECT_EQ(reply.status, 400) << uri;
    EXPECT_EQ(reply.header("Location"), "") << uri;
    EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8") << uri;
  }
}

TEST_F(Attack, a_client_that_is_not_known_is_not_redirected_for) {
  for (const char* client : {"-", "", "nobody", "00000000-0000-0000-0000-000000000000"}) {
    const auto reply = call("GET", authorize({{"client_id", client}}));
    EXPECT_EQ(reply.status, 400) << client;
    EXPECT_EQ(reply.header("Location"), "") << client;
  }
}

TEST_F(Attack, pkce_cannot_be_left_out_or_weakened) {
  struct Weak {
    const char* challenge;
    const char* method;
  };
  const std::string longer = std::string(kChallenge) + "A";
  const Weak table[] = {{"-", "-"},
                        {"", "S256"},
                        {"-", "S256"},
                        {kChallenge, "-"},
                        {kChallenge, "plain"},
                        {kChallenge, "s256"},
                        {kChallenge, "S256,plain"},
                        {"short", "S256"},
                        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256"},
                        {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=", "S256"}};
  for (const auto& [challenge, method] : table) {
    const auto reply = call("GET", authorize({{"code_challenge", challenge}, {"code_challenge_method", method}}));
    EXPECT_EQ(reply.status, 302) << challenge << " " << method;
    EXPECT_TRUE(reply.header("Location").starts_with("https://web.example.com/done?error=invalid_request"))
        << reply.header("Location");
  }
  EXPECT_EQ(call("GET", authorize({{"code_challenge", longer}})).status, 302);
}

TEST_F(Attack, grants_that_give_tokens_away_do_not_exist) {
  for (const char* type : {"token", "id_token", "id_token token", "code token", "code id_token"})
    EXPECT_EQ(call("GET", authorize({{"response_type", type}})).status, 400) << type;
  for (const char* type : {"none", "", "-", "code code"}) {
    const auto reply = call("GET", authorize({{"response_type", type}}));
    EXPECT_TRUE(reply.header("Location").contains("error=unsupported_response_type")) << type;
    EXPECT_TRUE(reply.header("Location").contains("&iss=")) << "RFC 9207";
  }
  for (const char* grant :
       {"password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "CLIENT_CREDENTIALS"}) {
    const auto reply =
        call("POST", "/common/oauth2/v2.0/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
             "client_id=" + client_app.str() + "&grant_type=" + percent_encode(grant));
    EXPECT_EQ(reply.status, 400) << grant;
    EXPECT_EQ(reply.at("/error"), "unsupported_grant_type") << grant;
  }
}

TEST_F(Attack, parameters_that_stand_twice_are_refused) {
  for (const char* name : {"client_id", "redirect_uri", "scope", "state", "response_type"}) {
    const auto reply = call("GET", authorize({}) + "&" + name + "=x");
    EXPECT_EQ(reply.status, 400) << name;
    EXPECT_EQ(reply.header("Location"), "") << name;
  }
}

// A thousand guesses as fast as they come; each that was looked at has cost an argon2.
TEST_F(Attack, of_a_thousand_guesses_at_a_password_hardly_any_is_looked_at) {
  const std::string csrf(32, 'A');
  int looked_at = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto reply = call("POST", authorize({}),
                            {{"Content-Type", "application/x-www-form-urlencoded"}, {"Cookie", "hg_csrf=" + csrf}},
                            "csrf=" + csrf + "&username=alice%40example.com&password=guess" + std::to_string(i));
    ASSERT_TRUE(reply.status == 401 || reply.status == 429) << reply.status;
    if (reply.status == 401) ++looked_at;
    if (reply.status == 429) EXPECT_NE(reply.header("Retry-After"), "");
  }
  EXPECT_LE(looked_at, 20);
  EXPECT_GE(looked_at, 5);
}

// Neither by what is answered nor by what it costs can anybody tell which accounts there are.
TEST_F(Attack, an_account_that_is_not_there_is_answered_like_a_wrong_password) {
  auto blocked = user("blocked@example.com"), removed = user("removed@example.com"),
       without = user("there@example.com");
  for (store::User* one : {&alice, &blocked, &removed}) one->password_hash = crypto::hash_password("correct horse");
  blocked.blocked = true;
  store->transact_now([&](store::Connection& tx) {
    ASSERT_TRUE(store::users::update(tx, alice));
    for (const auto& one : {blocked, removed, without}) ASSERT_TRUE(store::users::insert(tx, one));
    ASSERT_TRUE(store::users::remove(tx, removed.id, clock.now()));
  });
  registry.load();
  const std::string csrf(32, 'A');
  const auto attempt = [&](std::string_view name, std::string_view password) {
    const std::clock_t begun = std::clock();
    auto reply = call("POST", authorize({}),
                      {{"Content-Type", "application/x-www-form-urlencoded"}, {"Cookie", "hg_csrf=" + csrf}},
                      "csrf=" + csrf + "&username=" + percent_encode(name) + "&password=" + percent_encode(password));
    const std::string typed = "value=\"" + std::string(name) + "\"";
    if (const auto at = reply.body.find(typed); at != std::string::npos) reply.body.erase(at, typed.size());
    return std::pair(std::move(reply), std::clock() - begun);
  };
  const auto [wrong, cost] = attempt("alice@example.com", "wrong");
  EXPECT_EQ(wrong.status, 401);
  // The last three even where the password is right.
  for (const char* name :
       {"nobody@example.com", "no name at all", "there@example.com", "blocked@example.com", "removed@example.com"}) {
    const auto [reply, took] = attempt(name, "correct horse");
    EXPECT_EQ(reply.status, 401) << name;
    EXPECT_EQ(reply.body, wrong.body) << name;
    // Processor time, of which a password takes nearly all: what does not check one takes a hundredth.
    std::printf("measured: %s took %ld us of processor time, a wrong password %ld us\n", name, took, cost);
    EXPECT_GT(took, cost / 5) << name;
    EXPECT_LT(took, cost * 5) << name;
  }
}

// However strictly the application asks for a fresh sign-in, the consent that follows one ends it.
TEST_F(Attack, a_sign_in_that_was_just_asked_for_is_not_asked_for_again) {
  const auto opened = run_value(issuer.open_session(alice.id));
  clock.advance(std::chrono::seconds(30));
  const std::string csrf(32, 'A');
  const Fields form{{"Content-Type", "application/x-www-form-urlencoded"},
                    {"Cookie", "hg_csrf=" + csrf + "; hg_session=" + opened.cookie}};
  const std::string allow = "csrf=" + csrf + "&decision=allow";
  for (const auto& [name, value] :
       {std::pair("max_age", "0"), std::pair("max_age", "5"), std::pair("prompt", "login")}) {
    const auto reply = call("POST", authorize({{name, value}}), form, allow);
    EXPECT_EQ(reply.status, 303) << name;
    EXPECT_TRUE(reply.header("Location").contains("code=")) << name;
  }
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(call("POST", authorize({{"max_age", "0"}}), form, allow).status, 200) << "the sign-in page";
}

TEST_F(Attack, a_form_of_another_session_is_refused) {
  const std::string one(32, 'A'), other(32, 'B');
  const Fields form{{"Content-Type", "application/x-www-form-urlencoded"}, {"Cookie", "hg_csrf=" + one}};
  const std::string body = "&username=alice%40example.com&password=x";
  for (const std::string& path : {authorize({}), std::string("/device"), std::string("/account")}) {
    EXPECT_EQ(call("POST", path, form, "csrf=" + other + body).status, 403) << path;
    EXPECT_EQ(call("POST", path, form, "csrf=" + body).status, 403) << path;
    EXPECT_EQ(call("POST", path, {form.front()}, "csrf=" + one + body).status, 403) << path;
    for (const auto& [name, value] :
         {std::pair("Origin", "https://evil.example"), std::pair("Sec-Fetch-Site", "cross-site"),
          std::pair("Sec-Fetch-Site", "same-site")}) {
      Fields from_elsewhere = form;
      from_elsewhere.emplace_back(name, value);
      EXPECT_EQ(call("POST", path, from_elsewhere, "csrf=" + one + body).status, 403) << path << " " << value;
    }
  }
}

// Every call of every API with every kind of token: what is let in is what this table says, and nothing else.
TEST_F(Attack, each_call_lets_in_who_it_names_and_nobody_else) {
  store::User root = user("root@example.com");
  root.admin = true;
  store->transact_now([&](store::Connection& tx) { ASSERT_TRUE(store::users::insert(tx, root)); });
  registry.load();
  identity::TokenRequest of_admin_application;
  of_admin_application.application = app_server;
  of_admin_application.roles.add(identity::Scope::admin);
  const std::string notifications = "Notifications.ReadWrite.CreatedByApp";
  const std::string activities = "UserActivity.ReadWrite.CreatedByApp";
  using enum Who;
  struct Caller {
    const char* name;
    std::pair<std::string, std::string> header;
    std::set<Who> let_in;
  };
  const Caller callers[] = {
      {"nobody", {"X-None", ""}, {open}},
      {"openid", as(alice, "openid"), {open, token}},
      {"User.Read", as(alice, "User.Read"), {open, token, profile}},
      {"activities", as(alice, activities), {open, token, profile, feed_user}},
      {"notifications", as(alice, notifications), {open, token, profile, Who::user, feed_user, either}},
      {"application", as_application(app_server), {open, token, either, application}},
      {"Heliograph.Read", as(root, "Heliograph.Read"), {open, token, admin_read}},
      {"Heliograph.Admin", as(root, "Heliograph.Admin"), {open, token, admin_read, admin_write}},
      {"application that administers",
       bearer_of(of_admin_application),
       {open, token, either, application, admin_read, admin_write}},
  };
  int cells = 0;
  for (const Route& route : routes()) {
    if (route.who == ticket || route.is(kTickets)) continue;  // they have tables of their own
    std::string path = paths(route).front();
    while (path.contains('{'))
      path.replace(path.find('{'), path.find('}') + 1 - path.find('{'), "00000000-0000-0000-0000-00000000000a");
    if (route.pattern.contains("{tenant}")) continue;
    for (const Caller& caller : callers) {
      const auto reply = call(std::string(route.method), path, {caller.header});
      const bool refused = (reply.status == 401 || reply.status == 403) &&
                           (reply.body.contains("tokenMissing") || reply.body.contains("scopeMissing") ||
                            reply.body.contains("\"errorCode\":20001") || reply.body.contains("\"errorCode\":20004"));
      // What userinfo gives is who the user is, to who may know that.
      const bool userinfo = route.pattern == "/oidc/userinfo";
      const bool let_in = caller.let_in.contains(route.who) && (!userinfo || std::string_view(caller.name) == "openid");
      EXPECT_EQ(refused, !let_in) << caller.name << ": " << route.method << " " << path << " " << reply.status << " "
                                  << reply.body;
      ++cells;
    }
  }
  EXPECT_GE(cells, 500);
}

}  // namespace
}  // namespace hg::api
