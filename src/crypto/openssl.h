// Owners of OpenSSL's objects; included by this folder's sources only.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hg::crypto {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using MdContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;

// The first certificate of a PEM text, or null.
inline X509Ptr read_certificate(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Without a callback an encrypted text would make OpenSSL ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return certificate;
}

// What cannot fail but for lack of memory.
inline void check(int result, const char* doing) {
  if (result == 1) return;
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  throw std::runtime_error(std::string(doing) + ": " + ERR_error_string(code, nullptr));
}

}  // namespace hg::crypto
