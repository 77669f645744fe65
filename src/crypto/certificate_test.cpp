#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "crypto/certificate.h"
#include "crypto/openssl.h"

namespace hg::crypto {
namespace {

struct Chain {
  DemoCertificates made = make_demo_certificates();
  X509Ptr authority = read_certificate(made.authority_pem);
  X509Ptr server = read_certificate(made.certificate_pem);
};

using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;

TEST(Certificate, the_demo_server_is_vouched_for_by_its_authority) {
  const Chain chain;
  ASSERT_TRUE(chain.authority && chain.server);
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), chain.authority.get());
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.server.get(), nullptr);
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  EXPECT_EQ(X509_verify_cert(context.get()), 1)
      << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
}

TEST(Certificate, the_demo_server_is_localhost_and_nobody_else) {
  const Chain chain;
  EXPECT_EQ(X509_check_host(chain.server.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(chain.server.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(chain.server.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_host(chain.server.get(), "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(chain.server.get(), "10.0.0.1", 0), 0);
}

TEST(Certificate, only_the_authority_may_sign_and_only_servers) {
  const Chain chain;
  EXPECT_EQ(X509_check_ca(chain.authority.get()), 1);
  EXPECT_EQ(X509_get_pathlen(chain.authority.get()), 0);
  EXPECT_EQ(X509_get_key_usage(chain.authority.get()), static_cast<std::uint32_t>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  EXPECT_EQ(X509_check_ca(chain.server.get()), 0);
  EXPECT_EQ(X509_get_extended_key_usage(chain.server.get()), static_cast<std::uint32_t>(XKU_SSL_SERVER));
}

TEST(Certificate, clients_that_allow_825_days_take_it) {
  const Chain chain;
  int days = 0;
  int seconds = 0;
  ASSERT_EQ(
      ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(chain.server.get()), X509_get0_notAfter(chain.server.get())),
      1);
  EXPECT_LE(days, 824);
  EXPECT_GT(days, 365);
}

TEST(Certificate, the_key_is_the_servers_and_the_authoritys_is_nowhere) {
  const Chain chain;
  const Bio bio(BIO_new_mem_buf(chain.made.key_pem.data(), static_cast<int>(chain.made.key_pem.size())));
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ASSERT_TRUE(key);
  EXPECT_EQ(X509_check_private_key(chain.server.get(), key.get()), 1);
  EXPECT_EQ(X509_check_private_key(chain.authority.get(), key.get()), 0);
  EXPECT_EQ(chain.made.authority_pem.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(chain.made.certificate_pem.find("PRIVATE"), std::string::npos);
  ERR_clear_error();
}

TEST(Certificate, its_thumbprint_is_the_hash_of_its_der) {
  const DemoCertificates made = make_demo_certificates();
  std::string body = made.certificate_pem.substr(made.certificate_pem.find('\n') + 1);
  body.erase(body.find("-----END"));
  std::erase(body, '\n');
  EXPECT_EQ(thumbprint_sha256(made.certificate_pem), sha256(Bytes(*from_base64(body))));
  EXPECT_FALSE(thumbprint_sha256("no certificate"));
  EXPECT_FALSE(thumbprint_sha256(made.key_pem));
}

TEST(CertificateFacts, tell_what_it_is_for_and_how_long) {
  const auto made = make_demo_certificates();
  const auto facts = certificate_facts(made.certificate_pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->names, (std::vector<std::string>{"localhost", "127.0.0.1", "::1"}));
  const Time now = SystemClock().now();
  EXPECT_LT(facts->not_before, now);
  EXPECT_GT(facts->not_after, now + std::chrono::days(800));
  EXPECT_FALSE(certificate_facts("no certificate"));
}

TEST(CertificateFacts, covers_its_names_alone) {
  const auto made = make_demo_certificates();
  EXPECT_TRUE(covers_host(made.certificate_pem, "localhost"));
  EXPECT_TRUE(covers_host(made.certificate_pem, "127.0.0.1"));
  EXPECT_FALSE(covers_host(made.certificate_pem, "push.example.com"));
  EXPECT_FALSE(covers_host("no certificate", "localhost"));
}

TEST(CertificateFacts, a_key_is_of_one_certificate) {
  const auto one = make_demo_certificates();
  const auto other = make_demo_certificates();
  EXPECT_TRUE(is_key_of(one.certificate_pem, one.key_pem));
  EXPECT_FALSE(is_key_of(one.certificate_pem, other.key_pem));
  EXPECT_FALSE(is_key_of(one.certificate_pem, "no key"));
}

TEST(Identity, is_certificate_chain_and_key_in_one_text_whatever_stands_between) {
  const auto made = make_identity("Apple Push Services: com.contoso.app");
  const auto authority = make_demo_certificates().authority_pem;
  const auto key = made.find("-----BEGIN PRIVATE KEY");

  EXPECT_EQ(fault_of_identity(made), "");
  EXPECT_EQ(fault_of_identity("Bag Attributes\n" + made.substr(0, key) + authority +
                              "Key Attributes: <No Attributes>\n" + made.substr(key)),
            "");
  EXPECT_EQ(certificate_facts(made)->common_name, "Apple Push Services: com.contoso.app");
}

TEST(Identity, each_fault_is_told) {
  const auto made = make_identity("one"), other = make_identity("other");
  const auto key = made.find("-----BEGIN PRIVATE KEY");
  const auto certificate = made.substr(0, key);

  EXPECT_EQ(fault_of_identity(""), "there is no certificate in PEM in it");
  EXPECT_EQ(fault_of_identity(made.substr(key)), "there is no certificate in PEM in it");
  EXPECT_EQ(fault_of_identity(certificate), "there is no private key in PEM in it");
  EXPECT_EQ(fault_of_identity(certificate + "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"),
            "its private key has a passphrase");
  EXPECT_EQ(fault_of_identity(certificate + other.substr(other.find("-----BEGIN PRIVATE KEY"))),
            "its private key is not the one of its first certificate");
  EXPECT_EQ(fault_of_identity(made + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "a certificate of its chain cannot be read");
}

}  // namespace
}  // namespace hg::crypto
