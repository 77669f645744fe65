// The demo's own certificate authority: TLS on localhost without anybody's help.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

}  // namespace hg::crypto
