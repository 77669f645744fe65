// The demo's own certificate authority: TLS on localhost without anybody's help.
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
  std::vector<std::string> names = {};  // DNS names and IP addresses it is for
};
std::optional<CertificateFacts> certificate_facts(std::string_view pem);
// Whether it is for `host`, a DNS name or an IP address; false where there is no certificate.
bool covers_host(std::string_view pem, const std::string& host);
// Whether `key_pem` is the private key of it.
bool is_key_of(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace hg::crypto
