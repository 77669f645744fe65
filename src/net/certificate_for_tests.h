// A certificate in files of its own, which end with it.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace hg::net {

template <auto Release>
struct Releaser {
  void operator()(auto* what) const { Release(what); }
};

// A self-signed certificate in files of its own.
class Certificate {
 public:
  explicit Certificate(const std::string& name) { make(name); }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  void make(const std::string& name) {
    const std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Releaser<X509_free>> certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    auto* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    std::filesystem::create_directories(folder_);
    const std::unique_ptr<FILE, Releaser<fclose>> out(fopen(certificate_file().c_str(), "w"));
    PEM_write_X509(out.get(), certificate.get());
    const std::unique_ptr<FILE, Releaser<fclose>> key_out(fopen(key_file().c_str(), "w"));
    PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }

  [[nodiscard]] std::string certificate_file() const { return folder_ / "cert.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ / "key.pem"; }

 private:
  static inline int made_ = 0;
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("net_test." + std::to_string(::getpid()) + "." + std::to_string(made_++));
};

}  // namespace hg::net
