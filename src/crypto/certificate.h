// Certificates: the demo's own authority, so that there is TLS on localhost without anybody's help; and what is read of
// others.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/hash.h"

namespace hg::crypto {

struct DemoCertificates {
  std::string authority_pem;    // its key is thrown away
  std::string certificate_pem;  // for localhost, 127.0.0.1 and ::1
  std::string key_pem;
};

DemoCertificates make_demo_certificates();

// SHA-256 over the DER of the first certificate in `pem` (x5t#S256, RFC 7515 §4.1.8); nullopt where there is none.
std::optional<Digest> thumbprint_sha256(std::string_view pem);

// Of the first certificate in `pem`: what an operator wants to know of it; nullopt where there is none.
struct CertificateFacts {
  Time not_before{}, not_after{};
  std::string common_name = {};         // of its subject; "" where it has none
  std::vector<std::string> names = {};  // DNS names and IP addresses it is for
};
std::optional<CertificateFacts> certificate_facts(std::string_view pem);
// Whether it is for `host`, a DNS name or an IP address; false where there is no certificate.
bool covers_host(std::string_view pem, const std::string& host);
// What keeps `pem` from being a TLS client's identity: its certificate, then the chain, and the certificate's private
// key without a passphrase, in one text. "" where nothing does. Who signed it and when it ends is not looked at.
std::string fault_of_identity(std::string_view pem);
// One that signed itself, of a key of its own, good for two years; for simulators and tests.
std::string make_identity(const std::string& common_name);
// Whether `key_pem` is the private key of it.
bool is_key_of(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace hg::crypto
