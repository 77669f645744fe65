#include "identity/external.h"

#include <functional>
#include <map>

#include "crypto/jwk.h"
#include "identity/lifetimes.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kIssuer = "https://login.example.com/realms/staff";

struct External : testing::Test, Deployment {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::Alg::rs256);
  std::map<std::string, std::string> documents;  // by address
  int fetched = 0;
  std::optional<ExternalIssuers> issuers;

  External() {
    publish({{"k1", &key}});
    trust("audience=heliograph");
    EXPECT_TRUE(run(registry.add_external_identity(operator_, page, kIssuer, "page-there")));
  }
  void trust(const std::string& more) {
    const Fetch fetch = [this](std::string url) -> asio::awaitable<std::expected<std::string, std::string>> {
      ++fetched;
      const auto found = documents.find(url);
      if (found == documents.end()) co_return std::unexpected("it answered 404");
      co_return found->second;
    };
    issuers.emplace(loop.get_executor(), std::vector{*parse_external_issuer(std::string(kIssuer) + " " + more)}, fetch,
                    registry, clock);
  }
  void publish(const std::vector<std::pair<std::string, const crypto::PrivateKey*>>& keys) {
    json::array list;
    for (const auto& [kid, one] : keys) {
      auto jwk = json::parse(crypto::jwk_text(one->jwk())).as_object();
      jwk["kid"] = kid;
      list.push_back(jwk);
    }
    const std::string base(kIssuer);
    documents[base + "/.well-known/openid-configuration"] =
        json::serialize(json::object{{"issuer", base}, {"jwks_uri", base + "/certs"}});
    documents[base + "/certs"] = json::serialize(json::object{{"keys", list}});
  }
  std::int64_t in(Duration time) { return to_ms(clock.now() + time) / 1000; }
  json::object claims() {
    return {{"iss", kIssuer},
            {"aud", json::array{"account", "heliograph"}},
            {"exp", in(minutes(5))},
            {"sub", "9f3c"},
            {"azp", "page-there"},
            {"scope", "profile Notifications.ReadWrite.CreatedByApp email"},
            {"preferred_username", "carol@example.com"},
            {"name", "Carol"},
            {"email", "carol@mail.example"}};
  }
  std::string sign(const json::object& what, const std::string& kid = "k1") {
    return crypto::sign_jwt(key, kid, "JWT", json::serialize(what));
  }
  Result<Principal> admit(const std::string& token) { return run(issuers->admit(token)); }
  std::optional<store::User> user(const UserId& id) { return run(registry.user(id.str())); }
};

TEST_F(External, a_token_stands_for_a_user_who_is_created_at_first_sight) {
  const auto principal = admit(sign(claims()));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->application, page);
  EXPECT_TRUE(principal->scopes.has(Scope::notifications));
  EXPECT_EQ(principal->user, registry.external_user_id(kIssuer, "9f3c"));
  const auto made = user(principal->user);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->upn, "carol@example.com");
  EXPECT_EQ(made->display_name, "Carol");
  EXPECT_EQ(made->mail, "carol@mail.example");
  EXPECT_TRUE(made->password_hash.empty());
  EXPECT_EQ(admit(sign(claims()))->user, principal->user);
}

TEST_F(External, a_name_that_is_taken_here_is_not_taken_over) {
  auto as_alice = claims();
  as_alice["preferred_username"] = "alice@example.com";
  const auto principal = admit(sign(as_alice));
  ASSERT_TRUE(principal);
  EXPECT_NE(principal->user, alice.id);
  EXPECT_EQ(user(principal->user)->upn, principal->user.str() + "@external.invalid");
}

TEST_F(External, users_can_be_required_beforehand) {
  trust("audience=heliograph users=known");
  EXPECT_EQ(admit(sign(claims())).error().code, Code::user_blocked);
  NewUser carol;
  carol.upn = "carol@example.com";
  carol.issuer = kIssuer;
  carol.subject = "9f3c";
  const auto added = run(registry.add_user(operator_, carol));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_TRUE(added->made_up_password.empty());
  EXPECT_EQ(admit(sign(claims()))->user, added->user.id);
  carol.password = "a long enough password";
  EXPECT_EQ(run(registry.add_user(operator_, carol)).error().code, Code::property_invalid);
}

TEST_F(External, every_other_token_is_refused) {
  struct Wrong {
    const char* what;
    Code code;
    std::function<void(json::object&)> change;
  };
  const Wrong table[] = {
      {"another issuer", Code::issuer_unknown,
       [](json::object& c) { c["iss"] = "https://login.example.com/realms/other"; }},
      {"the issuer with a slash", Code::issuer_unknown, [](json::object& c) { c["iss"] = std::string(kIssuer) + "/"; }},
      {"another audience", Code::wrong_audience, [](json::object& c) { c["aud"] = "account"; }},
      {"no audience", Code::wrong_audience, [](json::object& c) { c.erase("aud"); }},
      {"expired", Code::token_expired, [this](json::object& c) { c["exp"] = in(-kSkew); }},
      {"no expiry", Code::token_invalid, [](json::object& c) { c.erase("exp"); }},
      {"not valid yet", Code::token_invalid, [this](json::object& c) { c["nbf"] = in(kSkew); }},
      {"an ID token by its nonce", Code::token_invalid, [](json::object& c) { c["nonce"] = "n"; }},
      {"an ID token by its at_hash", Code::token_invalid, [](json::object& c) { c["at_hash"] = "h"; }},
      {"an ID token of Keycloak", Code::token_invalid, [](json::object& c) { c["typ"] = "ID"; }},
      {"a refresh token of Keycloak", Code::token_invalid, [](json::object& c) { c["typ"] = "Refresh"; }},
      {"another application", Code::token_invalid, [](json::object& c) { c["azp"] = "another"; }},
      {"no scope of ours", Code::scope_missing, [](json::object& c) { c["scope"] = "openid profile email Mail.Read"; }},
      {"no scope at all", Code::scope_missing, [](json::object& c) { c.erase("scope"); }},
      {"no application", Code::token_invalid, [](json::object& c) { c.erase("azp"); }},
  };
  for (const auto& [what, code, change] : table) {
    auto changed = claims();
    change(changed);
    const auto principal = admit(sign(changed));
    ASSERT_FALSE(principal) << what;
    EXPECT_EQ(principal.error().code, code) << what << ": " << principal.error().message;
  }
  EXPECT_FALSE(user(registry.external_user_id(kIssuer, "9f3c"))) << "nobody is made for a token that is refused";
  EXPECT_TRUE(admit(sign(claims())));
}

TEST_F(External, an_access_token_that_repeats_the_nonce_is_one_where_its_issuer_says_so) {
  auto of_keycloak = claims();
  of_keycloak["nonce"] = "n";
  of_keycloak["typ"] = "Bearer";
  EXPECT_TRUE(admit(sign(of_keycloak)));
}

TEST_F(External, forged_signatures_are_refused) {
  const auto other = crypto::PrivateKey::generate(crypto::Alg::rs256);
  const auto curve = crypto::PrivateKey::generate(crypto::Alg::es256);
  const std::string good = sign(claims());
  std::string changed = good;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& forged :
       {changed, good.substr(0, good.rfind('.') + 1), crypto::sign_jwt(other, "k1", "JWT", json::serialize(claims())),
        crypto::sign_jwt(curve, "k1", "JWT", json::serialize(claims())), std::string("nonsense"), std::string()})
    EXPECT_EQ(admit(forged).error().code, Code::token_invalid) << forged;
}

TEST_F(External, an_application_by_itself_is_told_by_how_its_issuer_says_so) {
  for (const auto& [name, value] :
       {std::pair("idtyp", "app"), std::pair("gty", "client-credentials"), std::pair("sub", "page-there"),
        std::pair("preferred_username", "service-account-page-there")}) {
    auto alone = claims();
    alone[name] = value;
    const auto principal = admit(sign(alone));
    ASSERT_TRUE(principal) << name;
    EXPECT_TRUE(principal->app_only) << name;
    EXPECT_TRUE(principal->user.zero() && principal->scopes.empty()) << name;
  }
}

TEST_F(External, administration_is_for_administrators_of_ours) {
  auto all = claims();
  all["scp"] = "Heliograph.Admin";
  const auto principal = admit(sign(all));
  ASSERT_TRUE(principal);
  EXPECT_FALSE(principal->scopes.administrative());
  UserChange promote;
  promote.administrator = true;
  ASSERT_TRUE(run(registry.change_user(operator_, principal->user, promote)));
  EXPECT_TRUE(admit(sign(all))->scopes.has(Scope::admin));
}

TEST_F(External, a_blocked_user_stays_blocked) {
  const auto principal = admit(sign(claims()));
  UserChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_user(operator_, principal->user, block)));
  EXPECT_EQ(admit(sign(claims())).error().code, Code::user_blocked);
  Bearer bearer{registry, {kBase}};
  bearer.remember("token", *principal);
  EXPECT_EQ(bearer.verify_token("token", kBase, clock.now()).error().code, Code::user_blocked);
}

TEST_F(External, keys_are_fetched_once_and_again_after_ten_minutes) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(admit(sign(claims())));
  EXPECT_EQ(fetched, 2) << "discovery and keys";
  clock.pass(minutes(10));
  EXPECT_TRUE(admit(sign(claims())));
  EXPECT_EQ(fetched, 3);
}

TEST_F(External, ten_thousand_unknown_key_ids_are_one_fetch_a_minute) {
  EXPECT_TRUE(admit(sign(claims())));
  const int before = fetched;
  const std::string body = json::serialize(claims());
  const std::string signature = base64url(Buffer(256));
  for (int i = 0; i < 10'000; ++i) {
    const std::string head = R"({"alg":"RS256","kid":"unknown-)" + std::to_string(i) + R"("})";
    const std::string token = base64url(as_bytes(head)) + "." + base64url(as_bytes(body)) + "." + signature;
    ASSERT_EQ(admit(token).error().code, Code::token_invalid);
  }
  EXPECT_EQ(fetched, before) << "the last one is less than a minute ago";
  clock.pass(minutes(1));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(admit(sign(claims(), "unknown")));
  EXPECT_EQ(fetched, before + 1);
  EXPECT_TRUE(admit(sign(claims()))) << "what was known works all the while";
}

TEST_F(External, a_rotation_is_followed_within_a_minute) {
  EXPECT_TRUE(admit(sign(claims())));
  const auto next = crypto::PrivateKey::generate(crypto::Alg::es256);
  publish({{"k1", &key}, {"k2", &next}});
  clock.pass(minutes(1));
  EXPECT_TRUE(admit(crypto::sign_jwt(next, "k2", "JWT", json::serialize(claims()))));
  publish({{"k2", &next}});
  clock.pass(minutes(10));
  EXPECT_FALSE(admit(sign(claims()))) << "withdrawn";
}

TEST_F(External, an_issuer_that_is_down_is_forgiven_for_a_day) {
  EXPECT_TRUE(admit(sign(claims())));
  documents.clear();
  clock.pass(hours(23));
  EXPECT_TRUE(admit(sign(claims())));
  clock.pass(hours(2));
  EXPECT_FALSE(admit(sign(claims())));
  publish({{"k1", &key}});
  clock.pass(minutes(1));
  EXPECT_TRUE(admit(sign(claims())));
}

TEST_F(External, a_discovery_document_or_key_set_that_is_not_right_gives_no_keys) {
  const std::string base(kIssuer);
  const std::string discovery = base + "/.well-known/openid-configuration", certs = base + "/certs";
  const auto good = documents;
  json::array many(33, json::parse(crypto::jwk_text(key.jwk())));
  const std::pair<std::string, std::string> table[] = {
      {discovery, R"({"issuer": "https://evil.example", "jwks_uri": ")" + certs + R"("})"},
      {discovery, R"({"issuer": ")" + base + R"(", "jwks_uri": "http://login.example.com/certs"})"},
      {discovery, "[]"},
      {discovery, "<html>"},
      {certs, "[]"},
      {certs, R"({"keys": 7})"},
      {certs, json::serialize(json::object{{"keys", many}})},
      {certs, R"({"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]})"},
  };
  for (const auto& [address, text] : table) {
    documents = good;
    documents[address] = text;
    trust("audience=heliograph");
    EXPECT_FALSE(admit(sign(claims()))) << text.substr(0, 100);
  }
}

TEST_F(External, claims_are_mapped_as_the_configuration_says) {
  trust("audience=heliograph upn=email name=preferred_username mail=upn");
  const auto principal = admit(sign(claims()));
  ASSERT_TRUE(principal);
  EXPECT_EQ(user(principal->user)->upn, "carol@mail.example");
  EXPECT_EQ(user(principal->user)->display_name, "carol@example.com");
  EXPECT_EQ(user(principal->user)->mail, "");
}

TEST_F(External, a_configuration_that_is_not_right_is_refused) {
  for (const char* wrong :
       {"", "http://login.example.com audience=x", "https://login.example.com",
        "https://login.example.com audience=", "https://login.example.com audience=x users=some",
        "https://login.example.com audience=x colour=red", "https://login.example.com audience=x users"})
    EXPECT_EQ(parse_external_issuer(wrong).error().code, Code::property_invalid) << wrong;
}

TEST_F(External, an_identity_is_of_one_application) {
  EXPECT_EQ(run(registry.add_external_identity(operator_, server, kIssuer, "page-there")).error().code, Code::conflict);
  EXPECT_TRUE(run(registry.add_external_identity(operator_, server, kIssuer, "server-there")));
  EXPECT_EQ(run(registry.add_external_identity(operator_, server, "http://login.example.com", "x")).error().target,
            "/issuer");
  EXPECT_TRUE(run(registry.remove_external_identity(operator_, page, kIssuer, "page-there")));
  EXPECT_FALSE(admit(sign(claims())));
}

}  // namespace
}  // namespace hg::identity
