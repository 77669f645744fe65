#include "identity/scopes.h"

#include <gtest/gtest.h>

#include "identity/testing.h"

namespace hg::identity {
namespace {

struct Spelled {
  std::string_view text;
  std::string_view audience;
  std::initializer_list<Scope> grants;
};

TEST(Scopes, are_read_in_every_spelling) {
  const std::initializer_list<Scope> api{Scope::notifications, Scope::activities, Scope::user_read};
  const Spelled table[] = {
      {"Notifications.ReadWrite.CreatedByApp", "api://heliograph", {Scope::notifications}},
      {"notifications.readwrite.createdbyapp", "api://heliograph", {Scope::notifications}},
      {"UserActivity.ReadWrite.CreatedByApp", "api://heliograph", {Scope::activities}},
      {"https://graph.microsoft.com/Notifications.ReadWrite.CreatedByApp",
       "https://graph.microsoft.com",
       {Scope::notifications}},
      {"HTTPS://Graph.Microsoft.com/notifications.readwrite.createdbyapp",
       "https://graph.microsoft.com",
       {Scope::notifications}},
      {"https://activity.microsoft.com/UserActivity.ReadWrite.CreatedByApp",
       "https://activity.microsoft.com",
       {Scope::activities}},
      {"https://activity.windows.com/UserActivity.ReadWrite.CreatedByApp",
       "https://activity.windows.com",
       {Scope::activities}},
      {"https://push.example.com/Notifications.ReadWrite.CreatedByApp", kBase, {Scope::notifications}},
      {"api://heliograph/Notifications.ReadWrite.CreatedByApp", "api://heliograph", {Scope::notifications}},
      {"https://graph.microsoft.com/.default", "https://graph.microsoft.com", api},
      {"https://graph.microsoft.com//.default", "https://graph.microsoft.com", api},
      {"https://cdpcs.access.microsoft.com/.default", "https://cdpcs.access.microsoft.com", api},
      {"api://heliograph/.DEFAULT", "api://heliograph", api},
      {"wl.offline_access", "api://heliograph", {Scope::offline_access}},
      {"ccs.ReadWrite wns.connect asimovrome.telemetry dds.register dds.read", "api://heliograph", {}},
      {"https://cdpcs.access.microsoft.com/dds.register", "https://cdpcs.access.microsoft.com", {}},
      {"User.Read", "api://heliograph", {Scope::user_read}},
      {"openid profile email offline_access",
       "api://heliograph",
       {Scope::openid, Scope::profile, Scope::email, Scope::offline_access}},
      {"Heliograph.Admin heliograph.read", "api://heliograph", {Scope::admin, Scope::read}},
      {"", "api://heliograph", {}},
  };
  for (const auto& [text, audience, grants] : table) {
    const auto asked = parse_scopes(text, kBase);
    ASSERT_TRUE(asked) << text;
    Scopes expected;
    for (const Scope one : grants) expected.add(one);
    EXPECT_EQ(asked->scopes, expected) << text;
    EXPECT_EQ(asked->audience, audience) << text;
    EXPECT_EQ(asked->spelling, text);
  }
}

TEST(Scopes, the_first_resource_named_decides_the_audience) {
  const auto asked = parse_scopes(
      "openid https://activity.windows.com/UserActivity.ReadWrite.CreatedByApp "
      "https://graph.microsoft.com/User.Read",
      kBase);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->audience, "https://activity.windows.com");
}

TEST(Scopes, the_answer_keeps_the_clients_spelling) {
  const auto asked = parse_scopes("  OPENID   NOTIFICATIONS.readwrite.createdByApp ", kBase);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->spelling, "OPENID NOTIFICATIONS.readwrite.createdByApp");
}

TEST(Scopes, an_unknown_one_is_named) {
  for (const char* text :
       {"Mail.Read", "https://graph.microsoft.com/Mail.Read", "openid Mail.Read profile", "https://graph.microsoft.com",
        "https:///User.Read", "http://other.example/User.Read", "api:///x", "api://one.example/a api://two.example/b",
        "Notifications.ReadWrite.CreatedByApp.More"}) {
    const auto asked = parse_scopes(text, kBase);
    ASSERT_FALSE(asked) << text;
    EXPECT_EQ(asked.error().error, "invalid_scope");
  }
  EXPECT_NE(parse_scopes("openid Mail.Read", kBase).error().description.find("Mail.Read"), std::string::npos);
}

TEST(Scopes, another_apis_are_told_apart) {
  const auto asked = parse_scopes("api://3f0c2b1e-0000-4000-8000-000000000001/access_as_user", kBase);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->foreign, "api://3f0c2b1e-0000-4000-8000-000000000001");
  EXPECT_EQ(asked->foreign_names, std::vector<std::string>{"access_as_user"});
  EXPECT_TRUE(asked->for_foreign);
  EXPECT_TRUE(asked->scopes.empty());
  for (const char* text : {"https://graph.microsoft.com.evil.example/User.Read", "https://other.example/.default",
                           "3f0c2b1e-0000-4000-8000-000000000001/.default"}) {
    const auto other = parse_scopes(text, kBase);
    ASSERT_TRUE(other) << text;
    EXPECT_TRUE(other->scopes.empty() && other->for_foreign) << text;
  }
  const auto second = parse_scopes("User.Read api://heliograph/User.Read api://one.example/a", kBase);
  EXPECT_FALSE(second->for_foreign);
  EXPECT_EQ(second->audience, "api://heliograph");
}

TEST(Scopes, permissions_are_without_the_users_identity) {
  const auto asked = parse_scopes("openid profile email offline_access User.Read", kBase);
  ASSERT_TRUE(asked);
  Scopes permissions;
  permissions.add(Scope::user_read);
  EXPECT_EQ(asked->scopes.permissions(), permissions);
}

TEST(OAuthError, describes_itself_in_the_characters_it_may) {
  EXPECT_EQ(oauth_fail("invalid_scope", "\"a\\b\"\n\xc3\xa9").error().description, "'a'b'???");
}

TEST(Audience, is_ours_with_or_without_a_slash_and_in_either_case) {
  for (const char* ours :
       {"https://graph.microsoft.com", "https://graph.microsoft.com/", "https://GRAPH.microsoft.com",
        "https://activity.microsoft.com", "https://activity.windows.com/", "https://cdpcs.access.microsoft.com",
        "api://heliograph", "api://heliograph/", "https://push.example.com", "https://push.example.com/"})
    EXPECT_TRUE(our_audience(ours, kBase)) << ours;
  for (const char* other : {"", "/", "https://graph.microsoft.com.evil.example", "api://other", "https://evil.example",
                            "00000003-0000-0000-c000-000000000000"})
    EXPECT_FALSE(our_audience(other, kBase)) << other;
}

}  // namespace
}  // namespace hg::identity
