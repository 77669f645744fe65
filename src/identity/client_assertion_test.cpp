#include "identity/client_assertion.h"

#include <functional>

#include "crypto/certificate.h"
#include "crypto/jwk.h"
#include "identity/issuer.h"
#include "identity/lifetimes.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::seconds;

const std::string kEndpoint = std::string(kBase) + "/common/oauth2/v2.0/token";

struct ClientAssertion : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::Alg::es256);
  int made = 0;

  ClientAssertion() { registered(key); }

  store::ApplicationKey registered(const crypto::PrivateKey& one) {
    return *run(registry.add_key(operator_, server, store::ApplicationKey::Kind::jwk, crypto::jwk_text(one.jwk()), ""));
  }
  json::object claims() {
    const std::int64_t now = to_ms(clock.now()) / 1000;
    return {{"iss", server.str()}, {"sub", server.str()}, {"aud", kEndpoint},
            {"exp", now + 60},     {"iat", now},          {"jti", std::to_string(++made)}};
  }
  std::string sign(const json::object& what) { return crypto::sign_jwt(key, "", "JWT", json::serialize(what)); }
  OAuthResult<Client> show(const std::string& assertion, std::string client_id = "") {
    return run(
        issuer.authenticate_by_assertion(std::move(client_id), assertion, {kEndpoint, "https://issuer.example"}));
  }
  std::int64_t in(Duration time) { return to_ms(clock.now() + time) / 1000; }
};

TEST_F(ClientAssertion, proves_the_client_that_signed_it) {
  const auto client = show(sign(claims()), server.str());
  ASSERT_TRUE(client) << client.error().description;
  EXPECT_EQ(client->application.id, server);
  EXPECT_TRUE(client->proven);
}

TEST_F(ClientAssertion, may_be_for_any_name_of_the_endpoint_and_in_a_list) {
  auto for_issuer = claims();
  for_issuer["aud"] = "https://issuer.example";
  EXPECT_TRUE(show(sign(for_issuer)));
  auto listed = claims();
  listed["aud"] = json::array{"https://other.example", kEndpoint};
  EXPECT_TRUE(show(sign(listed)));
}

TEST_F(ClientAssertion, is_refused_for_anything_that_is_not_as_it_should_be) {
  struct Wrong {
    const char* what;
    std::function<void(json::object&)> change;
  };
  const Wrong table[] = {
      {"another endpoint", [](json::object& c) { c["aud"] = "https://evil.example/token"; }},
      {"a prefix of the endpoint", [](json::object& c) { c["aud"] = kBase; }},
      {"the endpoint with a slash", [](json::object& c) { c["aud"] = kEndpoint + "/"; }},
      {"no audience", [](json::object& c) { c.erase("aud"); }},
      {"an audience that is no text", [](json::object& c) { c["aud"] = 7; }},
      {"an empty list of audiences", [](json::object& c) { c["aud"] = json::array(); }},
      {"another subject", [this](json::object& c) { c["sub"] = page.str(); }},
      {"another issuer", [this](json::object& c) { c["iss"] = page.str(); }},
      {"no issuer", [](json::object& c) { c.erase("iss"); }},
      {"no subject", [](json::object& c) { c.erase("sub"); }},
      {"no expiry", [](json::object& c) { c.erase("exp"); }},
      {"an expiry that is a text", [](json::object& c) { c["exp"] = "9999999999"; }},
      {"expired", [this](json::object& c) { c["exp"] = in(-seconds(60)); }},
      {"too long", [this](json::object& c) { c["exp"] = in(kAssertionLife + seconds(61)); }},
      {"not good yet", [this](json::object& c) { c["nbf"] = in(seconds(60)); }},
      {"issued in the future", [this](json::object& c) { c["iat"] = in(seconds(60)); }},
      {"no jti", [](json::object& c) { c.erase("jti"); }},
      {"an empty jti", [](json::object& c) { c["jti"] = ""; }},
      {"a jti that is too long", [](json::object& c) { c["jti"] = std::string(257, 'x'); }},
  };
  for (const auto& [what, change] : table) {
    auto changed = claims();
    change(changed);
    const auto client = show(sign(changed));
    ASSERT_FALSE(client) << what;
    EXPECT_EQ(client.error().error, "invalid_client") << what;
    EXPECT_EQ(client.error().status, 401) << what;
  }
}

TEST_F(ClientAssertion, is_in_its_time_to_the_second) {
  for (const auto& [exp, good] :
       {std::pair(in(-seconds(59)), true), std::pair(in(-seconds(60)), false),
        std::pair(in(kAssertionLife + seconds(60)), true), std::pair(in(kAssertionLife + seconds(61)), false)}) {
    auto one = claims();
    one["exp"] = exp;
    EXPECT_EQ(show(sign(one)).has_value(), good) << exp;
  }
}

TEST_F(ClientAssertion, is_good_once) {
  const std::string assertion = sign(claims());
  EXPECT_TRUE(show(assertion));
  EXPECT_EQ(show(assertion).error().error, "invalid_client");
  auto same_jti = claims();
  same_jti["jti"] = "1";
  EXPECT_FALSE(show(sign(same_jti)));
}

TEST_F(ClientAssertion, of_a_certificate_that_its_header_names_is_good_until_it_ends) {
  const auto made_up = crypto::make_demo_certificates();
  const auto private_key = crypto::PrivateKey::from_pem(made_up.key_pem);
  ASSERT_TRUE(private_key);
  const auto added = run(registry.add_key(operator_, server, store::ApplicationKey::Kind::certificate,
                                          made_up.certificate_pem, "of the server"));
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->thumbprint, as_text(*crypto::thumbprint_sha256(made_up.certificate_pem)));
  const std::string header =
      json::serialize(json::object{{"alg", "ES256"}, {"x5t#S256", base64url(as_bytes(added->thumbprint))}});
  std::string assertion = base64url(as_bytes(header)) + '.' + base64url(as_bytes(json::serialize(claims())));
  assertion += '.' + base64url(private_key->sign(as_bytes(assertion)));
  EXPECT_TRUE(show(assertion));
  EXPECT_TRUE(show(assertion));
  clock.pass(seconds(120));
  EXPECT_FALSE(show(assertion));
}

TEST_F(ClientAssertion, of_another_key_or_another_applications_is_refused) {
  const auto stranger = crypto::PrivateKey::generate(crypto::Alg::es256);
  EXPECT_FALSE(show(crypto::sign_jwt(stranger, "", "JWT", json::serialize(claims()))));
  ASSERT_TRUE(
      run(registry.add_key(operator_, page, store::ApplicationKey::Kind::jwk, crypto::jwk_text(stranger.jwk()), "")));
  EXPECT_FALSE(show(crypto::sign_jwt(stranger, "", "JWT", json::serialize(claims()))));
  auto as_page = claims();
  as_page["iss"] = as_page["sub"] = page.str();
  EXPECT_FALSE(show(sign(as_page)));
  EXPECT_FALSE(show(sign(claims()), page.str()));
}

TEST_F(ClientAssertion, by_algorithms_that_prove_nothing_is_refused) {
  const std::string body = base64url(as_bytes(json::serialize(claims())));
  for (const char* alg : {"none", "NONE", "HS256", "HS512", "ES512", "RS1", ""}) {
    const std::string head = base64url(as_bytes(json::serialize(json::object{{"alg", alg}})));
    // Signed with the public key as the secret, as some libraries would take it.
    const std::string input = head + "." + body;
    const auto mac = crypto::hmac_sha256(as_bytes(crypto::jwk_text(key.jwk())), {as_bytes(input)});
    for (const std::string& signature : {std::string(), base64url(mac), base64url(Buffer(64))})
      EXPECT_FALSE(show(input + "." + signature)) << alg;
  }
}

TEST_F(ClientAssertion, of_a_key_that_was_removed_is_refused) {
  const auto listed = registry.directory()->application(server)->keys;
  ASSERT_EQ(listed.size(), 1U);
  ASSERT_TRUE(run(registry.remove_key(operator_, server, listed.front().id)));
  EXPECT_FALSE(show(sign(claims())));
  EXPECT_EQ(run(registry.remove_key(operator_, server, listed.front().id)).error().code, Code::not_found);
}

TEST_F(ClientAssertion, of_a_blocked_application_says_so) {
  ApplicationChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_application(operator_, server, block)));
  EXPECT_EQ(show(sign(claims())).error().error, "unauthorized_client");
}

TEST_F(ClientAssertion, keys_are_registered_without_their_private_half_and_once) {
  using enum store::ApplicationKey::Kind;
  auto with_private = json::parse(crypto::jwk_text(key.jwk())).as_object();
  with_private["d"] = "AAAA";
  EXPECT_EQ(run(registry.add_key(operator_, server, jwk, json::serialize(with_private), "")).error().target, "/jwk");
  EXPECT_EQ(run(registry.add_key(operator_, server, jwk, crypto::jwk_text(key.jwk()), "")).error().code,
            Code::conflict);
  const auto made_up = crypto::make_demo_certificates();
  for (const std::string& wrong : {std::string("no certificate"), made_up.certificate_pem + made_up.key_pem,
                                   std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")})
    EXPECT_EQ(run(registry.add_key(operator_, server, certificate, wrong, "")).error().target, "/certificate");
  EXPECT_EQ(
      run(registry.add_key(operator_, ApplicationId{crypto::random_guid()}, certificate, made_up.certificate_pem, ""))
          .error()
          .code,
      Code::not_found);
}

}  // namespace
}  // namespace hg::identity
