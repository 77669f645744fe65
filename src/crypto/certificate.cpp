#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr long kDay = 24 * 60 * 60;
constexpr long kLife = 820 * kDay;  // clients refuse server certificates of more than 825 days

Key new_key() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  check(key != nullptr ? 1 : 0, "making a key");
  return Key(key);
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &ctx, kind, value));
  check(extension ? 1 : 0, "a certificate's extension");
  check(X509_add_ext(certificate, extension.get(), -1), "a certificate's extension");
}

X509Ptr new_certificate(const char* common_name, EVP_PKEY* key) {
  X509Ptr certificate(X509_new());
  check(X509_set_version(certificate.get(), X509_VERSION_3), "a certificate");
  const Buffer serial = random_bytes(16);
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), 15, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLife);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  check(X509_set_pubkey(certificate.get(), key), "a certificate");
  return certificate;
}

template <class Write>
std::string pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  check(write(bio.get()), "writing PEM");
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return from_ms(static_cast<std::int64_t>(::timegm(&parts)) * 1'000);
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_of(const ASN1_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text);
  return text;
}

}  // namespace

DemoCertificates make_demo_certificates() {
  const Key authority_key = new_key();
  const X509Ptr authority = new_certificate("Heliograph demo authority", authority_key.get());
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  add_extension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  check(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0 ? 1 : 0, "signing a certificate");

  const Key key = new_key();
  const X509Ptr certificate = new_certificate("localhost", key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  add_extension(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), authority.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  add_extension(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid");
  check(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0 ? 1 : 0, "signing a certificate");

  return {pem([&](BIO* bio) { return PEM_write_bio_X509(bio, authority.get()); }),
          pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }), pem([&](BIO* bio) {
            return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

std::optional<Digest> thumbprint_sha256(std::string_view pem) {
  const X509Ptr certificate = read_certificate(pem);
  if (!certificate) return std::nullopt;
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  check(length > 0 ? 1 : 0, "writing a certificate");
  const Digest digest = sha256(std::as_bytes(std::span(der, static_cast<std::size_t>(length))));
  OPENSSL_free(der);
  return digest;
}

std::optional<CertificateFacts> certificate_facts(std::string_view pem) {
  const X509Ptr certificate = read_certificate(pem);
  if (!certificate) return std::nullopt;
  CertificateFacts facts;
  facts.not_before = time_of(X509_get0_notBefore(certificate.get()));
  facts.not_after = time_of(X509_get0_notAfter(certificate.get()));
  const std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) facts.names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) facts.names.push_back(address_of(name->d.iPAddress));
  }
  return facts;
}

bool covers_host(std::string_view pem, const std::string& host) {
  const X509Ptr certificate = read_certificate(pem);
  if (!certificate) return false;
  return X509_check_host(certificate.get(), host.data(), host.size(), 0, nullptr) == 1 ||
         X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1;
}

bool is_key_of(std::string_view certificate_pem, std::string_view key_pem) {
  const X509Ptr certificate = read_certificate(certificate_pem);
  const Bio bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  const bool fits = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace hg::crypto
