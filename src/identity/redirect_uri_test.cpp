#include "identity/redirect_uri.h"

#include <gtest/gtest.h>

namespace hg::identity {
namespace {

const RedirectUris kRegistered = {{"web", "https://app.example.com/callback"},
                                  {"web", "https://app.example.com/with?fixed=1"},
                                  {"spa", "http://localhost:3000/done"},
                                  {"native", "http://127.0.0.1/native"},
                                  {"native", "http://[::1]/native"},
                                  {"native", "com.example.app:/done"},
                                  {"native", "msal0c5c3f6a://auth"}};

TEST(RedirectUri, matches_what_is_registered) {
  EXPECT_EQ(registered_kind(kRegistered, "https://app.example.com/callback"), "web");
  EXPECT_EQ(registered_kind(kRegistered, "https://app.example.com/with?fixed=1"), "web");
  EXPECT_EQ(registered_kind(kRegistered, "com.example.app:/done"), "native");
  EXPECT_EQ(registered_kind(kRegistered, "msal0c5c3f6a://auth"), "native");
}

TEST(RedirectUri, on_loopback_the_port_is_free) {
  for (const char* uri : {"http://localhost:3000/done", "http://localhost:5173/done", "http://localhost/done"})
    EXPECT_EQ(registered_kind(kRegistered, uri), "spa") << uri;
  for (const char* uri : {"http://127.0.0.1/native", "http://127.0.0.1:1/native", "http://127.0.0.1:65535/native",
                          "http://[::1]:49152/native"})
    EXPECT_EQ(registered_kind(kRegistered, uri), "native") << uri;
}

TEST(RedirectUri, any_mutation_is_another_one) {
  const char* mutations[] = {
      "",
      "/callback",
      "callback",
      "//app.example.com/callback",
      "http://app.example.com/callback",
      "HTTPS://app.example.com/callback",
      "https://APP.example.com/callback",
      "https://app.example.com/Callback",
      "https://app.example.com/callback/",
      "https://app.example.com/callback/..",
      "https://app.example.com/callback/../callback",
      "https://app.example.com/./callback",
      "https://app.example.com/%63allback",
      "https://app.example.com/callback%2e",
      "https://app.example.com/callback%00",
      "https://app.example.com/callback?",
      "https://app.example.com/callback?x=1",
      "https://app.example.com/callback#",
      "https://app.example.com/callback#x",
      "https://app.example.com/with",
      "https://app.example.com/with?fixed=1&more=2",
      "https://app.example.com/with?fixed=2",
      "https://app.example.com:443/callback",
      "https://app.example.com:8443/callback",
      "https://app.example.com./callback",
      "https://app.example.com.evil.example/callback",
      "https://evil.example/https://app.example.com/callback",
      "https://app.example.com@evil.example/callback",
      "https://evil.example@app.example.com/callback",
      "https://evil.example#@app.example.com/callback",
      "https://evil.example\\@app.example.com/callback",
      "https:app.example.com/callback",
      "https:///app.example.com/callback",
      " https://app.example.com/callback",
      "https://app.example.com/callback ",
      "https://app.example.com/callback\r\nX: y",
      "https://\xd0\xb0pp.example.com/callback",
      "https://xn--pp-7kc.example.com/callback",
      "https://*.example.com/callback",
      "javascript:alert(1)",
      "data:text/html,x",
      "http://localhost:3000/done/",
      "http://localhost:3000/done#x",
      "http://localhost:3000/done?x=1",
      "http://localhost:0/done",
      "http://localhost:3000@evil.example/done",
      "http://localhost.evil.example/done",
      "http://localhost:3000.evil.example/done",
      "https://localhost:3000/done",
      "http://LOCALHOST:3000/done",
      "http://user@localhost:3000/done",
      "http://127.0.0.1:3000/done",
      "http://127.0.0.2/native",
      "http://127.1/native",
      "http://2130706433/native",
      "http://0x7f.0.0.1/native",
      "http://[::1]:5/natives",
      "http://[::ffff:127.0.0.1]/native",
      "com.example.app:/done2",
      "com.example.app://done",
      "COM.example.app:/done",
      "com.example.apps:/done",
      "msal0c5c3f6a://auth/",
      "msal0c5c3f6b://auth",
  };
  static_assert(std::size(mutations) >= 40);
  for (const char* uri : mutations) EXPECT_EQ(registered_kind(kRegistered, uri), "") << uri;
}

TEST(RedirectUri, may_be_registered_by_its_kind) {
  const std::pair<const char*, const char*> good[] = {{"web", "https://app.example.com/callback"},
                                                      {"web", "http://localhost:8080/callback"},
                                                      {"spa", "https://app.example.com"},
                                                      {"spa", "http://127.0.0.1:5173/"},
                                                      {"spa", "http://[::1]:5173/"},
                                                      {"native", "http://127.0.0.1"},
                                                      {"native", "https://app.example.com/app"},
                                                      {"native", "com.example.app:/oauth"},
                                                      {"native", "ms-app://s-1-15-2-3"},
                                                      {"native", "msauth://com.example/sig"},
                                                      {"native", "msal0c5c3f6a://auth"}};
  for (const auto& [kind, uri] : good) EXPECT_TRUE(check_redirect_uri(kind, uri)) << kind << " " << uri;
}

TEST(RedirectUri, may_not_be_registered_where_it_could_lead_anywhere) {
  const std::pair<const char*, const char*> bad[] = {{"web", ""},
                                                     {"web", "/callback"},
                                                     {"web", "app.example.com/callback"},
                                                     {"web", "http://app.example.com/callback"},
                                                     {"web", "https://app.example.com/callback#x"},
                                                     {"web", "https://*.example.com/callback"},
                                                     {"web", "https://user:pw@app.example.com/"},
                                                     {"web", "https:///callback"},
                                                     {"web", "com.example.app:/oauth"},
                                                     {"spa", "ms-app://s-1-15-2-3"},
                                                     {"spa", "http://localhost.evil.example/"},
                                                     {"native", "javascript:alert(1)"},
                                                     {"native", "data:text/html,x"},
                                                     {"native", "file:///etc/passwd"},
                                                     {"native", "myapp://done"},
                                                     {"native", "http://app.example.com/"},
                                                     {"other", "https://app.example.com/"}};
  for (const auto& [kind, uri] : bad) {
    const auto checked = check_redirect_uri(kind, uri);
    ASSERT_FALSE(checked) << kind << " " << uri;
    EXPECT_EQ(checked.error().code, Code::property_invalid);
  }
}

TEST(RedirectUri, has_an_origin_where_it_is_of_the_web) {
  EXPECT_EQ(origin_of("https://app.example.com:8443/a?b"), "https://app.example.com:8443");
  EXPECT_EQ(origin_of("http://[::1]:5/a"), "http://[::1]:5");
  EXPECT_EQ(origin_of("com.example.app:/done"), "");
}

}  // namespace
}  // namespace hg::identity
