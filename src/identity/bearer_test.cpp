#include "identity/bearer.h"

#include "crypto/jwt.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::seconds;

struct BearerTest : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase, "http://127.0.0.1:8080"}};

  TokenRequest request(std::string scope = "Notifications.ReadWrite.CreatedByApp") {
    TokenRequest made;
    made.base = kBase;
    made.user = alice;
    made.application = page;
    made.audience = "api://heliograph";
    made.scope = std::move(scope);
    made.session = crypto::random_guid();
    made.family = crypto::random_guid();
    return made;
  }
  Result<Principal> verify(const std::string& token) { return bearer.verify("Bearer " + token, kBase, clock.now()); }
  Code refusal(const std::string& token) {
    const auto principal = verify(token);
    EXPECT_FALSE(principal) << token;
    return principal ? Code::internal : principal.error().code;
  }

  // A token like ours, signed with our key, with claims of the test's choice.
  static json::object claims_of(const std::string& token) { return crypto::parse_jwt(token)->claims; }
  std::string signed_by_us(const json::object& claims, std::string_view typ = "at+jwt") {
    const auto directory = registry.directory();
    return crypto::sign_jwt(directory->signing_key(), directory->signing_kid(), typ, json::serialize(claims));
  }
  std::string with(std::string_view claim, json::value value) {
    json::object claims = claims_of(issuer.access_token(request()));
    claims[claim] = std::move(value);
    return signed_by_us(claims);
  }
  std::string without(std::string_view claim) {
    json::object claims = claims_of(issuer.access_token(request()));
    claims.erase(claim);
    return signed_by_us(claims);
  }
  std::int64_t now_seconds() { return to_ms(clock.now()) / 1000; }
};

TEST_F(BearerTest, a_users_token_says_who_and_what) {
  const auto asked = request("openid https://graph.microsoft.com/Notifications.ReadWrite.CreatedByApp");
  const auto principal = verify(issuer.access_token(asked));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->user, alice.id);
  EXPECT_EQ(principal->application, page);
  EXPECT_EQ(principal->session, asked.session);
  EXPECT_EQ(principal->family, asked.family);
  EXPECT_FALSE(principal->app_only);
  EXPECT_TRUE(principal->scopes.has(Scope::notifications));
  EXPECT_FALSE(principal->scopes.has(Scope::activities));
}

TEST_F(BearerTest, an_applications_token_is_of_nobody) {
  TokenRequest asked;
  asked.base = kBase;
  asked.application = server;
  asked.audience = "https://graph.microsoft.com";
  asked.roles.add(Scope::read);
  const auto principal = verify(issuer.access_token(asked));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_TRUE(principal->app_only);
  EXPECT_TRUE(principal->user.zero());
  EXPECT_EQ(principal->application, server);
  EXPECT_TRUE(principal->scopes.has(Scope::read));
  EXPECT_FALSE(principal->scopes.has(Scope::notifications));
}

TEST_F(BearerTest, an_access_token_carries_its_claims) {
  const auto claims = claims_of(issuer.access_token(request()));
  for (const char* name : {"iss", "aud", "iat", "nbf", "exp", "jti", "sid", "tid", "appid", "azp", "oid", "sub", "scp",
                           "upn", "name", "ver"})
    EXPECT_TRUE(claims.contains(name)) << name;
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 3600);
  EXPECT_EQ(claims.at("iss").as_string(), std::string(kBase) + "/" + registry.directory()->tenant().str() + "/v2.0");
}

TEST_F(BearerTest, the_header_has_to_be_there_and_of_its_form) {
  EXPECT_EQ(bearer.verify("", kBase, clock.now()).error().code, Code::token_missing);
  for (const char* header : {"Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b"})
    EXPECT_EQ(bearer.verify(header, kBase, clock.now()).error().code, Code::token_invalid) << header;
  EXPECT_TRUE(bearer.verify("  bearer   " + issuer.access_token(request()) + " ", kBase, clock.now()));
}

TEST_F(BearerTest, expiry_is_held_to_the_minute) {
  const std::string token = issuer.access_token(request());
  clock.pass(kAccessTokenLife);
  clock.pass(seconds(59));
  EXPECT_TRUE(verify(token));
  clock.pass(seconds(2));
  EXPECT_EQ(refusal(token), Code::token_expired);
}

TEST_F(BearerTest, expiry_is_held_by_the_cache_too) {
  const std::string token = issuer.access_token(request());
  EXPECT_TRUE(verify(token));
  clock.pass(kAccessTokenLife - seconds(1));
  EXPECT_TRUE(verify(token));
  clock.pass(seconds(1) + seconds(61));
  EXPECT_EQ(refusal(token), Code::token_expired);
}

TEST_F(BearerTest, a_beginning_is_held_to_the_minute) {
  EXPECT_TRUE(verify(with("nbf", now_seconds() + 59)));
  EXPECT_EQ(refusal(with("nbf", now_seconds() + 61)), Code::token_invalid);
  EXPECT_TRUE(verify(with("exp", now_seconds() - 59)));
  EXPECT_EQ(refusal(with("exp", now_seconds() - 61)), Code::token_expired);
}

TEST_F(BearerTest, a_forged_token_is_refused) {
  const std::string good = issuer.access_token(request());
  const json::object claims = claims_of(good);
  const std::string text = json::serialize(claims);
  const auto other = crypto::PrivateKey::generate(crypto::Alg::rs256);
  const auto curve = crypto::PrivateKey::generate(crypto::Alg::es256);
  const std::string kid = registry.directory()->signing_kid();
  const std::size_t first = good.find('.'), second = good.rfind('.');
  const std::string payload = good.substr(first + 1, second - first - 1), signature = good.substr(second + 1);
  const auto header = [](const std::string& json_text) { return base64url(as_bytes(json_text)); };

  std::vector<std::string> forged = {
      "",
      ".",
      "..",
      "...",
      "a.b.c",
      good + ".",
      good + "." + signature,
      good.substr(0, second),
      good.substr(0, second + 1),
      good.substr(0, second + 1) + base64url(Buffer(256)),
      good.substr(0, good.size() - 8),
      "." + payload + "." + signature,
      good.substr(0, first) + ".." + signature,
      crypto::sign_jwt(other, kid, "at+jwt", text),
      crypto::sign_jwt(curve, kid, "at+jwt", text),
      crypto::sign_jwt(registry.directory()->signing_key(), "another", "at+jwt", text),
      crypto::sign_jwt(registry.directory()->signing_key(), "", "at+jwt", text),
      crypto::sign_jwt(registry.directory()->signing_key(), "../../etc/passwd", "at+jwt", text),
      crypto::sign_jwt(registry.directory()->signing_key(), "' OR 1=1 --", "at+jwt", text),
      crypto::sign_jwt(registry.directory()->signing_key(), std::string(65, 'a'), "at+jwt", text),
      std::string(9000, 'a') + good,
  };
  for (const char* alg : {"none", "NoNe", "NONE", "", "HS256", "HS384", "rs256", "RS384", "RS512", "ES256", "PS256"}) {
    const std::string head = header(R"({"alg":")" + std::string(alg) + R"(","typ":"at+jwt","kid":")" + kid + R"("})");
    forged.push_back(head + "." + payload + ".");
    forged.push_back(head + "." + payload + "." + signature);
    forged.push_back(head + "." + payload + "." + base64url(Buffer(64)));
  }
  for (const char* more : {R"(,"crit":["exp"])", R"(,"jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"})",
                           R"(,"jku":"https://evil.example/keys")", R"(,"x5u":"https://evil.example/cert")"})
    forged.push_back(header(R"({"alg":"RS256","typ":"at+jwt","kid":")" + kid + "\"" + more + "}") + "." + payload +
                     "." + signature);
  json::object richer = claims;
  richer["scp"] = "Heliograph.Admin";
  forged.push_back(good.substr(0, first) + "." + base64url(as_bytes(json::serialize(richer))) + "." + signature);
  forged.push_back(signed_by_us({}));

  EXPECT_GE(forged.size(), 30U);
  for (const std::string& token : forged) {
    const auto principal = verify(token);
    EXPECT_FALSE(principal) << token;
  }
}

TEST_F(BearerTest, an_id_token_is_no_access_token) {
  EXPECT_EQ(refusal(issuer.id_token(request(), "nonce")), Code::token_invalid);
  const auto claims = claims_of(issuer.access_token(request()));
  EXPECT_EQ(refusal(signed_by_us(claims, "JWT")), Code::token_invalid);
  EXPECT_EQ(refusal(signed_by_us(claims, "")), Code::token_invalid);
  EXPECT_TRUE(verify(signed_by_us(claims, "application/at+jwt")));
}

TEST_F(BearerTest, a_claim_that_is_missing_or_of_another_type_is_refused) {
  EXPECT_EQ(refusal(without("exp")), Code::token_invalid);
  EXPECT_EQ(refusal(without("appid")), Code::token_invalid);
  EXPECT_EQ(refusal(without("oid")), Code::token_invalid);
  EXPECT_EQ(refusal(without("iss")), Code::issuer_unknown);
  EXPECT_EQ(refusal(without("aud")), Code::wrong_audience);
  EXPECT_EQ(refusal(with("exp", "tomorrow")), Code::token_invalid);
  EXPECT_EQ(refusal(with("exp", -1)), Code::token_invalid);
  EXPECT_EQ(refusal(with("nbf", "yesterday")), Code::token_invalid);
  EXPECT_EQ(refusal(with("oid", 7)), Code::token_invalid);
}

TEST_F(BearerTest, an_issuer_is_trusted_whole_or_not_at_all) {
  const std::string tenant = registry.directory()->tenant().str();
  for (const std::string& issuer_name :
       {std::string(kBase) + "/" + tenant, std::string(kBase) + "/common/v2.0",
        "https://evil.example/" + tenant + "/v2.0", std::string(kBase) + "//" + tenant + "/v2.0",
        std::string(kBase) + "/" + tenant + "/v2.0/", "https://push.example.com.evil.example/" + tenant + "/v2.0",
        std::string()})
    EXPECT_EQ(refusal(with("iss", json::value(issuer_name))), Code::issuer_unknown) << issuer_name;
}

TEST_F(BearerTest, a_token_of_one_listener_is_good_at_another_with_its_scopes) {
  auto asked = request("http://127.0.0.1:8080/Notifications.ReadWrite.CreatedByApp");
  asked.base = "http://127.0.0.1:8080";
  asked.audience = "http://127.0.0.1:8080";
  const auto principal = verify(issuer.access_token(asked));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_TRUE(principal->scopes.has(Scope::notifications));
}

TEST_F(BearerTest, an_audience_that_is_not_ours_is_named) {
  const auto principal = verify(with("aud", "00000003-0000-0000-c000-000000000000"));
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().code, Code::wrong_audience);
  EXPECT_NE(principal.error().message.find("00000003-0000-0000-c000-000000000000"), std::string::npos);
}

TEST_F(BearerTest, a_blocked_user_is_refused_at_once) {
  const std::string token = issuer.access_token(request());
  ASSERT_TRUE(verify(token));
  UserChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_user(operator_, alice.id, block)));
  EXPECT_EQ(refusal(token), Code::user_blocked);
}

TEST_F(BearerTest, a_blocked_or_removed_application_is_refused_at_once) {
  const std::string token = issuer.access_token(request());
  ASSERT_TRUE(verify(token));
  ApplicationChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_application(operator_, page, block)));
  EXPECT_EQ(refusal(token), Code::application_blocked);
  ASSERT_TRUE(run(registry.remove_application(operator_, page)));
  EXPECT_EQ(refusal(token), Code::token_revoked);
}

TEST_F(BearerTest, an_ended_session_is_refused_at_once) {
  const auto opened = run(issuer.open_session(alice.id));
  auto asked = request();
  asked.session = opened.id;
  const std::string token = issuer.access_token(asked);
  ASSERT_TRUE(verify(token));
  run(issuer.end_session(opened.cookie));
  EXPECT_EQ(refusal(token), Code::token_revoked);
}

TEST_F(BearerTest, what_the_application_may_no_longer_ask_for_its_tokens_no_longer_give) {
  const std::string token = issuer.access_token(request("https://graph.microsoft.com/.default"));
  EXPECT_TRUE(verify(token)->scopes.has(Scope::activities));
  ApplicationChange narrower;
  narrower.scopes = {"Notifications.ReadWrite.CreatedByApp"};
  ASSERT_TRUE(run(registry.change_application(operator_, page, narrower)));
  EXPECT_FALSE(verify(token)->scopes.has(Scope::activities));
  EXPECT_TRUE(verify(token)->scopes.has(Scope::notifications));
}

}  // namespace
}  // namespace hg::identity
