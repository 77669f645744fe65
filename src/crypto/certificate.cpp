#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "crypto/hash.h"
#include "crypto/keys.h"
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

std::string common_name_of(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (length < 0) return "";
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  OPENSSL_free(text);
  return name;
}

// Without a callback an encrypted text would make OpenSSL ask on the terminal.
int no_password(char*, int, int, void*) { return -1; }

// Null where there is none that can be read.
Key read_private_key(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return key;
}

bool is_whole_chain(std::string_view pem) {
  constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bool whole = true;
  for (auto at = pem.find(begin); at != std::string_view::npos && whole; at = pem.find(begin, at + begin.size()))
    whole = X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) != nullptr;
  ERR_clear_error();
  return whole;
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

std::string make_identity(const std::string& common_name) {
  const Key key = new_key();
  const X509Ptr certificate = new_certificate(common_name.c_str(), key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), certificate.get(), NID_ext_key_usage, "clientAuth");
  check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0 ? 1 : 0, "signing a certificate");
  return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }) + pem([&](BIO* bio) {
           return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
         });
}

std::string fault_of_identity(std::string_view pem) {
  if (!read_certificate(pem)) return "there is no certificate in PEM in it";
  if (!is_whole_chain(pem)) return "a certificate of its chain cannot be read";
  if (!PublicKey::from_certificate(pem)) return "its key is neither RSA of 2048 bits or more nor P-256";
  if (pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || pem.contains("Proc-Type: 4,ENCRYPTED"))
    return "its private key has a passphrase";
  if (!read_private_key(pem)) return "there is no private key in PEM in it";
  if (!is_key_of(pem, pem)) return "its private key is not the one of its first certificate";
  return "";
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
  facts.common_name = common_name_of(certificate.get());
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
  const Key key = read_private_key(key_pem);
  const bool fits = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace hg::crypto
